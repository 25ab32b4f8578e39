"""The commands of `express-sync`, a module each: options, help with examples and exit codes, and what is printed."""
