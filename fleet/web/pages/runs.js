// Runs: all of them, and the figures of one.

import { ask, facts, make, ms, table } from "/pages/dom.js";

/** @param {HTMLElement} main */
export async function runs(main) {
  const rows = await ask("/api/runs");
  const lines = rows.map((/** @type {any} */ one) => [make("a", { href: `#/run/${encodeURIComponent(one.run)}` }, one.run), one.began, one.sessions, one.reports]);
  main.replaceChildren(make("h1", {}, "Runs"), lines.length ? table(["Run", "Began", "Sessions", "Reports"], lines)
    : make("p", { class: "quiet" }, "No run yet. Start one: gilmok run SCENARIO.toml, or gilmok demo"));
}

/** @param {HTMLElement} main  @param {string} name */
export async function run(main, name) {
  main.replaceChildren(make("h1", {}, name), make("p", { class: "quiet" }, "Reading its reports, and its recordings' truth…"));
  const told = await ask(`/api/runs/${encodeURIComponent(name)}`);
  if (told.pruned) {
    main.replaceChildren(make("h1", {}, name), make("p", {}, "Its reports are pruned; the rollups still know this much."),
      table(Object.keys(told.pruned[0]), told.pruned.map((/** @type {object} */ row) => Object.values(row).map((value) => value ?? "–"))));
    return;
  }
  const rows = told.streams.map((/** @type {any} */ one) => {
    const total = one.latency_ns.total;
    return [`${one.node}/${one.stream}`, one.model, one.device, one.frames.captured, one.frames.ok, one.frames.failed,
      one.frames.dropped, `${one.fps.toFixed(1)}`, ms(total.p50), ms(total.p99), ...accuracy(one.accuracy), one.valid ? "valid" : "not valid"];
  });
  const wrong = [...told.invalid_because, ...told.troubles, ...told.books.complaints, ...told.notes];
  main.replaceChildren(
    make("h1", {}, name),
    facts([["valid", told.valid ? "yes" : "no"], ["books", told.books.balanced ? "balanced" : "not balanced"], ["detections", told.digest.detections]]),
    make("h2", {}, "Streams"),
    table(["Stream", "Model", "Device", "Captured", "OK", "Failed", "Dropped", "Frames/s", "Total p50", "Total p99", "AP", "Streaming AP, hub", "Run"], rows),
    make("h2", {}, "What is wrong, and what is worth knowing"),
    wrong.length ? make("ul", {}, ...wrong.map((/** @type {string} */ what) => make("li", {}, what))) : make("p", { class: "quiet" }, "Nothing."),
  );
}

/** Of the stream's own truth; undefined is a dash, never 0. @param {any} one */
function accuracy(one) {
  return [one.coco.AP, one.streaming?.sAP_hub].map((value) => (typeof value === "number" ? value.toFixed(3) : "–"));
}
