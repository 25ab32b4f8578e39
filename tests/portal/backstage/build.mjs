// node build.mjs TEMPLATE OUT: one script; TEMPLATE is the template as JSON.
import {build} from "esbuild";

const [template, outfile] = process.argv.slice(2);
await build({
  entryPoints: ["stepper.jsx"],
  outfile,
  bundle: true,
  format: "esm",
  jsx: "automatic",
  alias: {template},
  define: {"process.env.NODE_ENV": '"production"', "process.env.HAS_REACT_DOM_CLIENT": "true", global: "window"},
  loader: {".woff": "dataurl", ".woff2": "dataurl", ".ttf": "dataurl", ".svg": "dataurl", ".css": "empty"},
  logLevel: "error",
});
