// A unit's part of a node's page: what it runs, what it was told to run, and why it refused or rolled something back.

import { facts, make, table, when } from "/pages/dom.js";
import { say, t } from "/pages/words.js";

/** @param {{digest: string, name: string, version: string} | null} one */
const deployment = (one) => (one ? [one.name, one.version, `(${one.digest.slice(0, 12)})`].filter(Boolean).join(" ") : t("its own configuration's"));

/**
 * Nothing where no unit runs the node.
 * @param {any} told
 */
export function unit(told) {
  if (!told.unit) return [];
  const { reported, received_utc_ns: heard } = told.unit;
  const about = facts([
    [t("Runs"), deployment(reported.active)], [t("Before that"), deployment(reported.previous)],
    [t("Phase"), `${t(reported.phase)}, ${t(reported.outcome)}${reported.reason ? `: ${say(reported.reason)}` : ""}`],
    [t("Device, as read from the chip"), Object.values(reported.device_tuple).join(", ") || "–"], [t("Reported"), when(heard)],
  ]);
  const bad = reported.bad.map((/** @type {any} */ one) => [deployment(one.deployment), t(one.phase), when(one.stamp.utc_ns), say(one.reason)]);
  const heads = ["Bundle", "Phase", "When", "Why"].map((head) => t(head));
  const refused = bad.length ? [make("h2", {}, t("Refused or rolled back, and not tried again")), table(heads, bad)] : [];
  return [make("h2", {}, t("Unit")), about, ...refused];
}
