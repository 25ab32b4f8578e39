import {createAjv} from "@jsonforms/core";
import {JsonForms} from "@jsonforms/react";
import {vanillaCells, vanillaRenderers} from "@jsonforms/vanilla-renderers";
import uischema from "contracts/forms/jsonforms.ui.json";
import compiled from "contracts/forms/request.validate.mjs";
import {useEffect, useState} from "react";
import {createRoot} from "react-dom/client";
import {full, language, maxBytes, query, reduced, showSubmitted, texts} from "./contract.js";

const ajv = query.has("compiled") ? {compile: () => compiled} : createAjv({keywords: [maxBytes]});
const i18n = {locale: language, translate: (key, defaultText) => texts[key] ?? defaultText};

const reducedUischema = {
  ...uischema,
  elements: uischema.elements.filter(({scope}) => scope.split("/").pop() in reduced.properties),
};

function Page() {
  const [isFull, setIsFull] = useState(true);
  const [wasSubmitted, setWasSubmitted] = useState(false); // a form shows its help until then, not what is missing
  // JSON Forms reports changes a little later: what it reports must not go back into it, or newer input is lost.
  const [initial, setInitial] = useState({});
  const [{data, errors}, setState] = useState({data: initial, errors: []});
  useEffect(() => {
    window.formData = data;
  }, [data]);
  const reduce = () => {
    setInitial(data);
    setIsFull(false);
  };
  const submit = () => {
    setWasSubmitted(true);
    if (errors.length === 0) showSubmitted(data);
  };
  return (
    <>
      <button type="button" id="reduce" onClick={reduce}>Reduce</button>
      <JsonForms
        schema={isFull ? full : reduced}
        uischema={isFull ? uischema : reducedUischema}
        data={initial}
        renderers={vanillaRenderers}
        cells={vanillaCells}
        ajv={ajv}
        i18n={i18n}
        validationMode={wasSubmitted ? "ValidateAndShow" : "ValidateAndHide"}
        onChange={setState}
      />
      <button type="submit" onClick={submit}>Submit</button>
    </>
  );
}

createRoot(document.getElementById("form")).render(<Page />);
