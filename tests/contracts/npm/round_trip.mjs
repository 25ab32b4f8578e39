// Reads events from standard input, one a line, with the official SDK, and prints them as it writes them back.
import {readFileSync} from "node:fs";
import {HTTP} from "cloudevents";

const headers = {"content-type": "application/cloudevents+json"}; // without it, the SDK detects no event
for (const body of readFileSync(0, "utf8").trim().split("\n")) {
  console.log(HTTP.structured(HTTP.toEvent({headers, body})).body);
}
