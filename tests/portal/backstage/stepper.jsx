// Backstage's form for a template: its Stepper, with the parameters of the template of schemas/forms.
import {errorApiRef, featureFlagsApiRef} from "@backstage/core-plugin-api";
import {translationApiRef} from "@backstage/core-plugin-api/alpha";
import {Stepper} from "@backstage/plugin-scaffolder-react/alpha";
import {TestApiProvider, mockApis} from "@backstage/test-utils";
import {createRoot} from "react-dom/client";
import {MemoryRouter} from "react-router-dom";
import template from "template";

const {title} = template.metadata;
const steps = template.spec.parameters.map(schema => ({title: schema.title, schema}));

const showSubmitted = values => {
  const output = document.createElement("pre");
  output.id = "submitted";
  output.textContent = JSON.stringify(values);
  document.body.append(output);
};

const apis = [
  [translationApiRef, mockApis.translation()],
  [errorApiRef, {post: reportError, error$: () => ({})}],
  [featureFlagsApiRef, {isActive: () => false, registerFlag: () => {}, getRegisteredFlags: () => [], save: () => {}}],
];

createRoot(document.getElementById("form")).render(
  <TestApiProvider apis={apis}>
    <MemoryRouter>
      <Stepper manifest={{title, steps}} extensions={[]} onCreate={async values => showSubmitted(values)} />
    </MemoryRouter>
  </TestApiProvider>,
);
