// What the compiler knows of an outcome after a check of its status.
import type {ProvisionOutcome, ProvisionRequest, ProvisionStatus} from "./types";

export function show(outcome: ProvisionOutcome): string {
  const {data} = outcome;
  switch (data.status) {
    case "succeeded":
      return data.expressSyncId + data.disposition + data.requestId;
    case "rejected":
      return data.violations.map(({path, rule, message}) => path + rule + message).join() + (data.requestId ?? "");
    case "deferred":
      return data.nextAttemptAt + data.error.code;
    case "failed":
      return data.error.hint + data.requestId + String(data.request["name"]);
    case "indeterminate":
      return data.error.message + (data.requestId ?? "");
    default: {
      const nothingElse: never = data;
      return nothingElse;
    }
  }
}

export function directly(outcome: ProvisionOutcome): string {
  if (outcome.data.status === "deferred") return outcome.data.nextAttemptAt;
  const status: ProvisionStatus = outcome.data.status;
  // @ts-expect-error only a deferred outcome has it
  const next: string = outcome.data.nextAttemptAt;
  // @ts-expect-error a rejected outcome has no error
  return status + next + outcome.data.error.code;
}

// @ts-expect-error a request needs a region
export const incomplete: ProvisionRequest = {requestId: "R", name: "n", bucketName: "bucket"};
// @ts-expect-error a request does not have this property
export const unknown: ProvisionRequest = {requestId: "R", name: "n", bucketName: "b", bucketRegion: "cn-hangzhou", x: 1};
