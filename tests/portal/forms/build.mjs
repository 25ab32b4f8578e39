// node build.mjs SCHEMAS OUT: one script for each library.
import {build} from "esbuild";

const [schemas, outdir] = process.argv.slice(2);
await build({
  entryPoints: ["rjsf.jsx", "jsonforms.jsx"],
  outdir,
  bundle: true,
  minify: true,
  format: "esm",
  jsx: "automatic",
  alias: {contracts: schemas},
  define: {"process.env.NODE_ENV": '"production"'},
  logLevel: "error",
});
