/**
 * TypeScript types of the contracts `provision-request.v1.json` and `provision-outcome.v1.json`.
 *
 * `ProvisionOutcome` is a union: after a check of `outcome.data.status`, `outcome.data` has the members of that status.
 */

/** Asks for one express synchronization group of Cloud Storage Gateway. */
export interface ProvisionRequest {
  /** Chosen by the requester, 1 to 128 characters. A resubmission keeps it. */
  requestId: string;
  /** 1 to 128 English letters, digits, periods, underscores and hyphens. Unique in the account. */
  name: string;
  bucketName: string;
  /** A region ID such as cn-hangzhou, without oss- in front of it. */
  bucketRegion: string;
  /** At most 1023 bytes of UTF-8. Empty means the whole bucket, as does leaving it out. */
  bucketPrefix?: string;
  /** At most 255 characters. */
  description?: string;
  requester?: string;
}

export type ProvisionStatus = "succeeded" | "rejected" | "deferred" | "failed" | "indeterminate";

/** Why the group was not created, or why that cannot be known. */
export interface ProvisionError {
  code: string;
  message: string;
  httpStatus?: number;
  apiRequestId?: string;
  retryable: boolean;
  hint: string;
}

/** One broken rule of a rejected request. */
export interface ProvisionViolation {
  /** JSONPath of the offending place. */
  path: string;
  rule: string;
  message: string;
}

/** One call of the API. */
export interface ProvisionCall {
  operation: "CreateExpressSync" | "DescribeExpressSyncs";
  code: string;
  at: string;
  tookMs: number;
  waitMs: number;
}

export interface ProvisionTimings {
  startedAt: string;
  finishedAt: string;
  elapsedMs: number;
  waitedMs: number;
}

interface VerdictBase {
  attempts: number;
  messageId: string;
  submissionId?: string;
  replayId?: string;
  generation?: number;
  timings: ProvisionTimings;
  calls?: ProvisionCall[];
  omitted?: ("calls" | "request")[];
}

/** The group exists exactly as requested. */
export interface Succeeded extends VerdictBase {
  status: "succeeded";
  requestId: string;
  expressSyncId: string;
  disposition: "created" | "existing";
  error?: never;
  violations?: never;
  nextAttemptAt?: never;
  request?: Record<string, unknown>;
}

/** The request breaks the contract. */
export interface Rejected extends VerdictBase {
  status: "rejected";
  /** Null if the message has no usable one. */
  requestId: string | null;
  violations: ProvisionViolation[];
  error?: never;
  expressSyncId?: never;
  disposition?: never;
  nextAttemptAt?: never;
  request?: Record<string, unknown>;
}

/** A temporary error; another outcome follows. */
export interface Deferred extends VerdictBase {
  status: "deferred";
  requestId: string;
  error: ProvisionError;
  /** When the request is tried again at the earliest. */
  nextAttemptAt: string;
  request: Record<string, unknown>;
  expressSyncId?: never;
  disposition?: never;
  violations?: never;
}

/** The group does not exist by this request. */
export interface Failed extends VerdictBase {
  status: "failed";
  requestId: string;
  error: ProvisionError;
  request: Record<string, unknown>;
  expressSyncId?: never;
  disposition?: never;
  violations?: never;
  nextAttemptAt?: never;
}

/** Whether the group exists is unknown: show it as unknown, not as failed. */
export interface Indeterminate extends VerdictBase {
  status: "indeterminate";
  /** Null if the message has no usable one. */
  requestId: string | null;
  error: ProvisionError;
  request: Record<string, unknown>;
  expressSyncId?: never;
  disposition?: never;
  violations?: never;
  nextAttemptAt?: never;
}

export type ProvisionVerdict = Succeeded | Rejected | Deferred | Failed | Indeterminate;

/** The CloudEvents 1.0 event around a verdict. */
export interface ProvisionEvent<Verdict extends ProvisionVerdict> {
  specversion: "1.0";
  /** Two events with the same source and id are the same verdict. */
  id: string;
  source: string;
  type: `expresssync.provision.${Verdict["status"]}.v1`;
  /** The requestId; for a message without a usable one, the id of its submission. */
  subject: string;
  time: string;
  /** Of the events with the same data.submissionId, the one with the greatest sequence, compared as text, holds. */
  sequence?: string;
  datacontenttype: "application/json";
  requestsource?: string;
  correlationid?: string;
  causationid?: string;
  traceparent?: string;
  tracestate?: string;
  data: Verdict;
}

export type ProvisionOutcome =
  | ProvisionEvent<Succeeded>
  | ProvisionEvent<Rejected>
  | ProvisionEvent<Deferred>
  | ProvisionEvent<Failed>
  | ProvisionEvent<Indeterminate>;
