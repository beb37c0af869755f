// Runs: all of them, the figures of one with its page and its exports, and two held against each other.

import { byScore } from "/pages/by_score.js";
import { ask, facts, make, ms, table, when } from "/pages/dom.js";
import { language, say, t } from "/pages/words.js";

const MOST_ROWS = 200;
const FORMATS = ["csv", "parquet", "json"];

/** @typedef {{run: string, began: string, sessions: number, reports: number, nodes: string[], models: string[]}} Run */

/**
 * Chosen to be compared, kept while the page is open.
 * @type {Record<"a" | "b", string>}
 */
const chosen = { a: "", b: "" };

/** @param {HTMLElement} main */
export async function runs(main) {
  /** @type {Run[]} */
  const rows = await ask("/api/runs");
  const find = /** @type {HTMLInputElement} */ (make("input", { class: "find", type: "search", placeholder: t("Filter: words of a run, node or model"), "aria-label": t("Filter runs"), maxlength: "200" }));
  const compare = /** @type {HTMLButtonElement} */ (make("button", { type: "button", class: "act" }, t("Compare A with B")));
  const list = make("div");
  compare.onclick = () => { location.hash = `#/compare/${encodeURIComponent(chosen.a)}/${encodeURIComponent(chosen.b)}`; };

  function ready() {
    compare.disabled = !chosen.a || !chosen.b || chosen.a === chosen.b;
  }

  function draw() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fit = rows.filter((one) => words.every((word) => [one.run, ...one.nodes, ...one.models].join("\n").toLowerCase().includes(word)));
    const lines = fit.slice(0, MOST_ROWS).map((one) => [pick("a", one.run, ready), pick("b", one.run, ready),
      make("a", { href: whereRun(one.run) }, one.run), began(one), listed(one.nodes), listed(one.models), one.sessions, one.reports]);
    const left = fit.length - lines.length;
    list.replaceChildren(
      fit.length ? table(["A", "B", ...["Run", "Began", "Nodes", "Models", "Sessions", "Reports"].map((head) => t(head))], lines) : quiet(t("No run fits this filter.")),
      ...(left ? [quiet(t("{n} more: filter to see them.", { n: left.toLocaleString() }))] : []),
    );
  }

  find.oninput = draw;
  if (!rows.length) {
    main.replaceChildren(make("h1", {}, t("Runs")), quiet(t("No run yet. Start one: gilmok run SCENARIO.toml, or gilmok demo")));
    return;
  }
  main.replaceChildren(make("h1", {}, t("Runs")), make("div", { class: "choices" }, find, compare), list);
  ready();
  draw();
}

/** @param {"a" | "b"} side  @param {string} name  @param {() => void} changed */
function pick(side, name, changed) {
  const radio = /** @type {HTMLInputElement} */ (make("input", { type: "radio", name: `side-${side}`, "aria-label": `${side.toUpperCase()}: ${name}` }));
  radio.checked = chosen[side] === name;
  radio.onchange = () => { chosen[side] = name; changed(); };
  return radio;
}

/** @param {HTMLElement} main  @param {string} name */
export async function run(main, name) {
  const head = [make("h1", {}, name), ways(name)];
  main.replaceChildren(...head, quiet(t("Reading its reports, and its recordings' truth…")));
  const told = await ask(`/api/runs/${encodeURIComponent(name)}`);
  if (told.pruned) {
    main.replaceChildren(head[0], make("p", {}, t("Its reports are pruned; the rollups still know this much.")),
      table(Object.keys(told.pruned[0]), told.pruned.map((/** @type {object} */ row) => Object.values(row).map((value) => (value && typeof value === "object" ? JSON.stringify(value) : value ?? "–")))));
    return;
  }
  const rows = told.streams.map((/** @type {any} */ one) => {
    const total = one.latency_ns.total;
    return [`${one.node}/${one.stream}`, one.model, one.device, one.frames.captured, one.frames.ok, one.frames.failed,
      one.frames.dropped, one.fps.toFixed(1), ms(total.p50), ms(total.p99), ...accuracy(one.accuracy), t(one.valid ? "valid" : "not valid")];
  });
  const wrong = [...told.invalid_because, ...told.troubles, ...told.books.complaints, ...told.notes];
  main.replaceChildren(
    ...head,
    facts([[t("valid"), t(told.valid ? "yes" : "no")], [t("books"), t(told.books.balanced ? "balanced" : "not balanced")], [t("detections"), told.digest.detections]]),
    make("h2", {}, t("Streams")),
    table(["Stream", "Model", "Device", "Captured", "OK", "Failed", "Dropped", "Frames/s", "Total p50", "Total p99", "AP", "Streaming AP, hub", "Run"].map((head) => t(head)), rows),
    ...byScore(told.streams.filter((/** @type {any} */ one) => one.accuracy.by_score).map((/** @type {any} */ one) => [`${one.node}/${one.stream}`, { "": one.accuracy.by_score }])),
    make("h2", {}, t("What is wrong, and what is worth knowing")),
    wrong.length ? make("ul", {}, ...wrong.map((/** @type {string} */ what) => make("li", {}, say(what)))) : quiet(t("Nothing.")),
  );
}

/**
 * Where a run leads: its page, its exports, another run.
 * @param {string} name
 */
function ways(name) {
  const own = encodeURIComponent(name);
  const more = make("a", { href: "#/runs" }, t("Compare"));
  more.addEventListener("click", () => { chosen.a = name; });
  return make("p", { class: "ways" },
    make("a", { href: `/api/reports/${own}?language=${language()}`, target: "_blank", rel: "noopener" }, t("Report with plots and frames")),
    make("span", {}, `${t("Export")}: `, ...FORMATS.flatMap((to) => [make("a", { href: `/api/exports/${to}/${own}`, download: "" }, to), " "])), more);
}

/** @typedef {{figure: string, of: string, a: number | null, b: number | null, difference: number | null, low: number | null,
 *   high: number | null, n: number, unit: string, verdict: string | null, why: string}} Figure */

/** @param {HTMLElement} main  @param {string} a  @param {string} b */
export async function comparison(main, a, b) {
  const asked = `a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`;
  const head = [make("h1", {}, t("Comparison")), facts([["A", a], ["B", b]])];
  main.replaceChildren(...head, quiet(t("Comparing; this may take a minute…")));
  const told = await ask(`/api/comparisons?${asked}`);
  const heads = ["Figure", "A", "B", "Difference", "95 % interval", "n", "Verdict"].map((one) => t(one));
  /** @param {Figure[]} rows */
  const drawn = (rows) => table(heads, rows.map((one) => [one.of || say(one.figure), value(one, one.a), value(one, one.b), change(one, one.difference),
    one.low == null ? "–" : `${change(one, one.low)} … ${change(one, one.high)}`, `${one.n} ${t(one.n === 1 ? one.unit.replace(/s$/, "") : one.unit)}`, one.verdict ? verdict(one.verdict) : "–"]));
  main.replaceChildren(
    make("h1", {}, t("Comparison"), ": ", verdict(told.verdict)),
    make("p", { class: "ways" }, make("a", { href: `/api/comparisons/page?${asked}&language=${language()}`, target: "_blank", rel: "noopener" }, t("The whole page"))),
    make("ul", {}, ...told.because.map((/** @type {string} */ what) => make("li", {}, say(what)))),
    facts(/** @type {[string, string][]} */ ([["A", told.a], ["B", told.b]].map(([side, of]) => [side, `${of.runs.join(", ")}: ${of.models.join(", ")} · ${of.backends.join(", ")}`]))),
    make("h2", {}, t("Figures")), drawn(told.figures),
    ...(told.per_class.length ? [make("h2", {}, t("AP by class")), drawn(told.per_class)] : []),
    ...(told.by_score ? byScore([["", { A: told.by_score.a, B: told.by_score.b }]]) : []),
    ...(told.agreement.length ? [make("h2", {}, t("Agreement where nobody labelled anything")), agreement(told.agreement)] : []),
    ...(told.here.length ? [make("h2", {}, t("Each recording by itself")), table([t("Recording"), ...heads], told.here.map(here))] : []),
    ...(told.identity.length ? [make("h2", {}, t("What else differs")), table(["", "A", "B"], told.identity.map((/** @type {any} */ one) => [say(one.what), one.a.join(", ") || "–", one.b.join(", ") || "–"]))] : []),
    make("ul", { class: "quiet" }, ...told.notes.map((/** @type {string} */ what) => make("li", {}, say(what)))),
  );
}

/**
 * How far two agree, which is no accuracy: all classes together, and each that either found.
 * @param {any[]} rows
 */
function agreement(rows) {
  const lines = rows.flatMap(({ recording, agreement: told }) => [["", told.paired], ...Object.entries(told.per_class).map(([name, one]) => [name, one.paired])]
    .filter(([name, one]) => !name || one.n_a || one.n_b)
    .map(([name, one]) => [recording, name || t("all classes"), number(one.f1), name || told.f1_low == null ? "–" : `${number(told.f1_low)} … ${number(told.f1_high)}`,
      number(one.mean_iou), one.pairs, one.n_a, one.n_b, told.frames]));
  return table(["Recording", "Class", "F1 of pairs", "95 % interval", "mean IoU", "pairs", "found by A", "found by B", "frames"].map((head) => t(head)), lines);
}

/**
 * One recording, which says nothing about other roads.
 * @param {any} one
 */
function here(one) {
  return [one.recording, one.figure, number(one.a), number(one.b), signed(one.difference), one.low == null ? "–" : `${signed(one.low)} … ${signed(one.high)}`,
    `${one.blocks} ${t("blocks")}`, verdict(one.verdict)];
}

/**
 * By word and colour.
 * @param {string} said
 */
function verdict(said) {
  const kind = said.startsWith("NOT WORSE") ? "online" : said.startsWith("WORSE") ? "lost" : "stale";
  return make("span", { class: `state-${kind}` }, t(said));
}

/**
 * A latency is told in milliseconds, and its change as B / A.
 * @param {Figure} one  @param {number | null} of
 */
const value = (one, of) => (one.unit === "runs" ? ms(of) : number(of));

/** @param {Figure} one  @param {number | null} of */
const change = (one, of) => (one.unit === "runs" ? (of == null ? "–" : `× ${of.toFixed(3)}`) : signed(of));

/** @param {number | null} of */
const number = (of) => (of == null ? "–" : of.toFixed(4));

/** @param {number | null} of */
const signed = (of) => (of == null ? "–" : `${of < 0 ? "−" : "+"}${Math.abs(of).toFixed(4)}`);

/**
 * Of the stream's own truth; undefined is a dash, never 0.
 * @param {any} one
 */
function accuracy(one) {
  return [one.coco.AP, one.streaming?.sAP_hub].map((of) => (typeof of === "number" ? of.toFixed(3) : "–"));
}

/**
 * In the zone of whoever looks.
 * @param {Run} one
 */
function began(one) {
  const at = Date.parse(one.began.replace(" UTC", "Z").replace(" ", "T"));
  return Number.isNaN(at) ? one.began : when(at * 1e6);
}

/** @param {string[]} names */
const listed = (names) => names.slice(0, 3).join(", ") + (names.length > 3 ? ` +${names.length - 3}` : "");

/** @param {string} name */
const whereRun = (name) => `#/run/${encodeURIComponent(name)}`;

/** @param {string} text */
const quiet = (text) => make("p", { class: "quiet" }, text);
