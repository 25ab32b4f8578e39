// The texts of the pages, in the language of the reader.

export const LANGUAGES = { en: "English", zh: "中文" };
const LOCALES = { en: "en", zh: "zh-CN" };
let texts = {};
let advice = {};
let form = {};

/** Return the language of the page: "en" or "zh". */
export const language = () => (document.documentElement.lang.startsWith("zh") ? "zh" : "en");

/** Return the locale for numbers, dates and plurals: the reader's own variant of the language. */
export const locale = () => navigator.languages.find((each) => each.startsWith(language())) ?? LOCALES[language()];

/** Load every text of `wanted`, and make it the language of the page. */
export async function load(wanted) {
  const [ofPages, ofCodes, ofForm] = await Promise.all([
    document_(`texts/${wanted}.json`), document_(`texts/advice.${wanted}.json`), document_(`forms/catalogue.${wanted}.json`),
  ]);
  texts = ofPages;
  advice = ofCodes;
  form = ofForm;
  document.documentElement.lang = LOCALES[wanted];
}

async function document_(path) {
  const answer = await fetch(new URL(path, document.baseURI));
  if (!answer.ok) throw new Error(path);
  return answer.json();
}

/** Return the text of `key` with `{name}` replaced by the values; the key itself if the text is missing. */
export function t(key, values = {}) {
  return insert(texts[key] ?? key, values);
}

/** Return whether a text of `key` exists. */
export const has = (key) => key in texts;

/** Return the text of `key` in the grammatical number of `count`. */
export function count(key, number, values = {}) {
  const form_ = new Intl.PluralRules(locale()).select(number);
  return t(has(`${key}.${form_}`) ? `${key}.${form_}` : `${key}.other`, { count: new Intl.NumberFormat(locale()).format(number), ...values });
}

/** Return the advice on an error code: `requester` and `operator`; an empty object if the code is not known. */
export const adviceOn = (code) => advice[code] ?? (/^(Rejected\.)?Throttling/.test(code ?? "") ? advice.Throttling : undefined) ?? {};

/** Return what an error means, in the reader's language if the code is known. */
export const meaning = ({ code, message }) => adviceOn(code).means ?? message;

/** Return a text of the catalogue of the form, such as `name.label`; undefined if it has none. */
export const formText = (key) => form[key];

function insert(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
