// Prints a module that validates requests without eval, for pages with a strict Content-Security-Policy.
// node validator.mjs SCHEMA > request.validate.mjs
import {createHash} from "node:crypto";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import Ajv, {_, str} from "ajv";
import {usePattern} from "ajv/dist/vocabularies/code.js";
import standaloneCode from "ajv/dist/standalone/index.js";
import lengthModule from "ajv/dist/runtime/ucs2length.js";

const source = readFileSync(process.argv[2]);
const ajv = new Ajv.default({allErrors: true, code: {source: true, esm: true, lines: true}});

// The messages are those of the schema's errorMessage, with the keyword as it is: forms translate by keyword.
const message = keyword => ({parentSchema}) => str`${parentSchema.errorMessage[keyword]}`;
ajv.addVocabulary(["errorMessage"]);
ajv.removeKeyword("pattern");
ajv.addKeyword({
  keyword: "pattern",
  type: "string",
  schemaType: "string",
  error: {message: message("pattern"), params: ({schemaCode}) => _`{pattern: ${schemaCode}}`},
  code: cxt => cxt.fail(_`!${usePattern(cxt, cxt.schema)}.test(${cxt.data})`),
});
ajv.addKeyword({
  keyword: "x-maxBytes",
  type: "string",
  schemaType: "number",
  error: {message: message("x-maxBytes"), params: ({schemaCode}) => _`{limit: ${schemaCode}}`},
  code: cxt => cxt.fail(_`new TextEncoder().encode(${cxt.data}).length > ${cxt.schemaCode}`),
});

const imported = 'require("ajv/dist/runtime/ucs2length").default';
const code = standaloneCode.default(ajv, ajv.compile(JSON.parse(source)));
if (code.split("require(").length !== 2 || !code.includes(imported)) throw new Error("another import than ucs2length");
const ascii = text => text.replace(/[^\x00-\x7e]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
const {version, license} = createRequire(import.meta.url)("ajv/package.json");
process.stdout.write(`// Made by \`make forms\` with Ajv ${version} (${license}).
// provision-request.v1.json: sha256 ${createHash("sha256").update(source).digest("hex")}
${ascii(code.replace(imported, lengthModule.default.toString()).replace('"use strict";', ""))}`);
