import Form from "@rjsf/core";
import {createPrecompiledValidator, customizeValidator} from "@rjsf/validator-ajv8";
import addErrorMessages from "ajv-errors";
import compiled from "contracts/forms/request.validate.mjs";
import uiSchema from "contracts/forms/rjsf.ui.json";
import {useState} from "react";
import {createRoot} from "react-dom/client";
import {full, maxBytes, query, reduced, showSubmitted, texts} from "./contract.js";

const usesKeyword = query.get("messages") === "keyword";
const validator = query.has("compiled")
  ? createPrecompiledValidator({[full.$id]: compiled}, full)
  : customizeValidator({
      ajvOptionsOverrides: {keywords: [maxBytes]},
      extenderFn: usesKeyword ? addErrorMessages : undefined,
    });

const fields = Object.entries(uiSchema).filter(([name]) => !name.startsWith("ui:"));
const translatedUiSchema = {
  ...uiSchema,
  "ui:title": texts["form.title"],
  "ui:description": texts["form.description"],
  ...Object.fromEntries(
    fields.map(([name, hints]) => [
      name,
      {...hints, "ui:title": texts[`${name}.label`], "ui:description": texts[`${name}.description`]},
    ]),
  ),
};

const translateErrors = errors =>
  errors.map(error => {
    const name = (error.property ?? "").replace(/^\./, "");
    const message = texts[`${name}.error.${error.name}`] ?? texts[`error.${error.name}`] ?? error.message;
    return {...error, message, stack: `${texts[`${name}.label`] ?? name}: ${message}`};
  });

function Page() {
  const [schema, setSchema] = useState(full);
  return (
    <>
      <button type="button" id="reduce" onClick={() => setSchema(reduced)}>Reduce</button>
      <Form
        schema={schema}
        uiSchema={usesKeyword ? uiSchema : translatedUiSchema}
        validator={validator}
        transformErrors={usesKeyword ? undefined : translateErrors}
        noHtml5Validate
        onSubmit={({formData}) => showSubmitted(formData)}
      />
    </>
  );
}

createRoot(document.getElementById("form")).render(<Page />);
