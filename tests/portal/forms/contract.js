// What both libraries take from the contract. The query of the page chooses the language and the way to validate.
import schema from "contracts/provision-request.v1.json";
import english from "contracts/forms/catalogue.en.json";
import chinese from "contracts/forms/catalogue.zh.json";

export const query = new URLSearchParams(location.search);
export const language = query.get("language") ?? "en";
export const texts = language === "zh" ? chinese : english;
export const full = schema;

// Forms keep compiled schemas by $id, so another schema must not have the same one.
const {$id, additionalProperties, ...others} = schema;
const {requestId, requester, ...properties} = schema.properties;
export const reduced = {...others, properties, required: schema.required.filter(name => name in properties)};

export const maxBytes = {
  keyword: "x-maxBytes",
  type: "string",
  schemaType: "number",
  validate: (limit, text) => new TextEncoder().encode(text).length <= limit,
};

export const showSubmitted = document => {
  const output = window.document.createElement("pre");
  output.id = "submitted";
  output.textContent = JSON.stringify(document);
  window.document.body.append(output);
};
