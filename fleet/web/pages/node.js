// One node: who it is, how fast at which stage over time, how right of late, what is missing.

import { alertList } from "/pages/alerts.js";
import { legend, line, stacked, stepAt } from "/pages/chart.js";
import { ask, clock, facts, make, table, when } from "/pages/dom.js";
import { Picture } from "/pages/picture.js";
import { shadow } from "/pages/shadow.js";
import { unit } from "/pages/unit.js";
import { language, say, t } from "/pages/words.js";

const STEP_MS = 5000;
const MINUTE_MS = 60000;
const WIDEST = 900;
const [FIGURE, GAP] = [320, 12];

/** @typedef {import("/pages/chart.js").Step} Step */

/**
 * What the reader chose, kept while the page is open.
 * @type {{mark: string, span: string}}
 */
const chosen = { mark: "p50", span: "last 5 minutes" };

/**
 * A node's page: fill `place`, and what renews it.
 * @param {HTMLElement} place  @param {string} site  @param {string} name
 */
export function nodePage(place, site, name) {
  /** @type {Map<string, Picture>} */
  const pictures = new Map();
  /** @type {Map<string, Stream>} */
  const sections = new Map();
  const top = make("div"), streams = make("div"), who = make("div"), rest = make("div");
  place.replaceChildren(make("h1", {}, `${site}/${name}`), top, streams, who, rest);
  /** @type {any} */
  let told = null;

  /** @param {any} one */
  function picture(one) {
    const known = pictures.get(one.name) ?? new Picture(site, name, one.name);
    pictures.set(one.name, known);
    return known;
  }

  function redraw() {
    for (const one of told.live.streams) {
      const known = sections.get(one.name) ?? new Stream(one.name, picture(one), redraw);
      if (!sections.has(one.name)) streams.append(known.element);
      sections.set(one.name, known);
      known.draw(one, told, Math.min(WIDEST, place.clientWidth));
    }
  }

  return async () => {
    told = await ask(`/api/nodes/${encodeURIComponent(site)}/${encodeURIComponent(name)}`);
    top.replaceChildren(...alertList(told.alerts), ...frames(told));
    redraw();
    who.replaceChildren(...identity(told), ...unit(told));
    rest.replaceChildren(...health(told, place.clientWidth), ...events(told));
  };
}

/** @param {any} told */
function frames({ last }) {
  const health = last.health;
  const rows = Object.entries(health?.streams ?? {}).map(([stream, one]) =>
    [stream, one.captured, one.ok, one.failed, one.dropped, one.pending ?? 0, one.spooled ?? 0, one.evicted ?? 0]);
  return [
    make("p", { class: "quiet" }, `${t("said last")}: ${last.state ? t(last.state) : "–"}, ${when(Math.max(last.state_utc_ns, last.health_utc_ns))}`),
    make("h2", {}, t("Frames of this session")),
    rows.length ? table(["Stream", "Captured", "OK", "Failed", "Dropped", "Pending", "Kept", "Evicted"].map((head) => t(head)), rows)
      : quiet(t("It has told nothing of its health yet.")),
  ];
}

/** @param {any} told */
function identity({ birth, last }) {
  const health = last.health;
  const clocks = Object.values(health?.clocks ?? {});
  return [
    make("h2", {}, t("What it is")),
    facts([
      [t("run"), birth.run], [t("kind"), t(birth.kind)], [t("session"), `${birth.session} (${birth.session_id})`],
      [t("model"), `${birth.model.name}, ${birth.model.precision}, sha256 ${birth.model.sha256.slice(0, 12)}`],
      [t("artefact"), birth.model.artefact.slice(0, 12)],
      [t("device"), `${birth.backend.name}:${birth.backend.device} (${birth.backend.device_kind})`],
      // By layers: a device that can't compute them all is told here, not found out.
      [t("operators by device"), birth.backend.facts.operators ?? t("not told by its SDK")],
      .../** @type {[string, string][]} */ (Object.entries(birth.backend.facts).filter(([name]) => name !== "operators").map(([name, value]) => [t(name), value])), [t("software"), birth.software],
      [t("temperature"), health?.temperature_c == null ? t("not told") : `${health.temperature_c.toFixed(1)} °C`],
      [t("power"), health?.power_w == null ? t("not told") : `${health.power_w.toFixed(1)} W`],
      [t("kept until committed"), health?.spool ? `${health.spool.reports.toLocaleString()} (${health.spool.bytes.toLocaleString()} B)` : t("not told")],
      [t("clock bound"), clocks.length ? clocks.map((one) => (one.bound_ns == null ? "–" : `± ${(one.bound_ns / 1e6).toFixed(2)} ms`)).join(", ") : t("one clock with the hub")],
    ]),
  ];
}

/** One stream's part of the page: what somebody may have in hand, a choice or a moment, stays while the rest is renewed. */
class Stream {
  /** @param {string} name  @param {Picture} picture  @param {() => void} redraw */
  constructor(name, picture, redraw) {
    this.picture = picture;
    /** @type {Step[]} */ this.steps = [];
    this.stepMs = STEP_MS;
    /** Of the step that was chosen; 0: the newest. */ this.chosenMs = 0;
    this.head = make("div");
    this.drawn = make("div");
    this.right = make("div");
    // Of the whole: between a press and its release the chart may have been drawn anew.
    this.drawn.onclick = (click) => {
      const chart = /** @type {SVGSVGElement | null} */ (this.drawn.querySelector("svg.chart"));
      const step = chart && this.steps.length ? stepAt(this.steps, this.stepMs, click, chart) : undefined;
      if (step) this.open(step.t_ms + this.stepMs / 2);
    };
    this.told = "";
    this.slider = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: "0", id: `moment-${name}`, class: "moment", "aria-label": t("Moment") }));
    this.slider.oninput = () => this.point();
    this.slider.onchange = () => this.open(this.steps[Number(this.slider.value)]?.t_ms + this.stepMs / 2);
    this.choices = make("div", { class: "choices" },
      choice(name, "Percentile", ["p50", "p90", "p99"], "mark", redraw), choice(name, "Span", ["last 5 minutes", "last hour"], "span", redraw));
    this.element = make("section", { id: `stream-${name}` }, this.head, this.choices, this.drawn, this.slider, picture.element, this.right);
  }

  /** @param {any} one  @param {any} told  @param {number} width */
  draw(one, told, width) {
    const short = chosen.span === "last 5 minutes";
    this.steps = short ? one.steps : told.minutes[one.name];
    this.stepMs = short ? STEP_MS : MINUTE_MS;
    this.right.replaceChildren(...right(one), ...shadow(one));
    const now = JSON.stringify([this.steps, chosen, width, language()]);
    if (now === this.told) return;
    this.told = now;
    const words = summary(this.steps, chosen.mark);
    this.head.replaceChildren(make("h2", {}, `${one.name}: ${t("latency by stage")}`),
      quiet([one.source, one.pace, one.recording, one.fps && `${one.fps} frames/s`].filter(Boolean).join(", ")));
    this.drawn.replaceChildren(...(this.steps.length
      ? [stacked(this.steps, chosen.mark, this.stepMs, told.birth.stages, words, width), legend(told.birth.stages, chosen.mark), quiet(words)]
      : [quiet(t("No report has come in this span."))]));
    this.slider.hidden = !this.steps.length;
    this.slider.max = String(Math.max(0, this.steps.length - 1));
    const at = this.steps.findIndex((step) => step.t_ms === this.chosenMs);
    if (document.activeElement !== this.slider || at >= 0) this.slider.value = String(at < 0 ? this.steps.length - 1 : at);
    this.point();
  }

  /** Says which moment the slider is at. */
  point() {
    const step = this.steps[Number(this.slider.value)];
    if (step) this.slider.setAttribute("aria-valuetext", `${clock(step.t_ms * 1e6)}, ${chosen.mark} ${figure(step.total[chosen.mark], 1)} ms`);
  }

  /**
   * The frames of a moment.
   * @param {number} atMs
   */
  open(atMs) {
    if (Number.isNaN(atMs)) return;
    this.chosenMs = atMs - this.stepMs / 2;
    this.slider.value = String(Math.max(0, this.steps.findIndex((step) => step.t_ms === this.chosenMs)));
    this.point();
    this.picture.moment(atMs);
  }
}

/** @param {string} stream  @param {string} label  @param {string[]} options  @param {"mark" | "span"} which  @param {() => void} redraw */
function choice(stream, label, options, which, redraw) {
  const select = /** @type {HTMLSelectElement} */ (make("select", { "aria-label": t(label), id: `${which}-${stream}` }, ...options.map((name) => make("option", { value: name }, t(name)))));
  select.value = chosen[which];
  select.onchange = () => { chosen[which] = select.value; redraw(); };
  return select;
}

/** @param {Step[]} steps  @param {string} mark */
function summary(steps, mark) {
  const newest = steps.filter((one) => one.n).at(-1);
  if (!newest) return t("No report has come in this span.");
  const slowest = Object.entries(newest.stages).sort(([, a], [, b]) => (b[mark] ?? 0) - (a[mark] ?? 0))[0];
  return `${when(newest.t_ms * 1e6)}: ${mark} ${figure(newest.total[mark], 1)} ms, n = ${newest.n}; ${slowest ? `${slowest[0]} ${figure(slowest[1][mark], 1)} ms` : ""}. `
    + t("Percentiles of stages, stacked, need not add up to the total's.");
}

/**
 * A figure with its 95 % interval, or a dash for the one that can't be told.
 * @param {any} of  @param {string} name
 */
function sure(of, name) {
  const [low, high] = [of[`${name}_low`], of[`${name}_high`]];
  const told = figure(of[name], 3);
  if (of[name] == null) return told;
  return `${told} (95 %: ${low == null || high == null ? "–" : `${figure(low, 3)} – ${figure(high, 3)}`})`;
}

/**
 * Accuracy over a window, or what stands in for it, marked as what it is.
 * @param {any} one
 */
function right(one) {
  const { accuracy, drift } = one;
  const parts = [make("h2", {}, `${one.name}: ${t("Accuracy of late")}`)];
  if (!accuracy.unknown) {
    parts.push(facts([
      ["AP", sure(accuracy, "AP")], ["AP50", sure(accuracy, "AP50")], [t("AP of answered frames"), sure(accuracy, "AP_answered")],
      [t("Streaming AP, node"), sure(accuracy, "sAP_edge")], [t("Streaming AP, hub"), sure(accuracy, "sAP_hub")],
      ["n", `${accuracy.n_frames} ${t("frames")} (#${accuracy.first}–${accuracy.last}), ${accuracy.n_answered} ${t("answered")}, ${accuracy.n_truth} ${t("objects")}`],
    ]));
    if (accuracy.streaming_unknown) parts.push(quiet(say(accuracy.streaming_unknown)));
    return parts;
  }
  parts.push(quiet(say(accuracy.unknown)));
  if (drift) {
    parts.push(quiet(t("No accuracy: how what is found now differs from what was found when the session began.")),
      table(["", t("first {n} frames", { n: drift.n_first }), t("newest {n} frames", { n: drift.n_newest })].map(String), [
        [t("objects a frame"), figure(drift.first.per_frame, 2), figure(drift.newest.per_frame, 2)],
        [t("mean score"), figure(drift.first.mean_score, 3), figure(drift.newest.mean_score, 3)],
        [t("median height, px"), figure(drift.first.median_height_px, 1), figure(drift.newest.median_height_px, 1)],
      ]));
  }
  return parts;
}

/** @param {any} told  @param {number} wide */
function health({ live }, wide) {
  const across = Math.max(1, Math.floor((wide + GAP) / (FIGURE + GAP))), width = (wide + GAP) / across - GAP;
  const of = (/** @type {string} */ name) => live.health.map((/** @type {any} */ one) => /** @type {[number, number | null]} */ ([one.t_ms, one[name]]));
  const drops = live.health.map((/** @type {any} */ one, /** @type {number} */ at) => {
    const sum = (/** @type {any} */ step) => Object.values(step.dropped).reduce((all, value) => all + Number(value), 0);
    return [one.t_ms, at ? sum(one) - sum(live.health[at - 1]) : null];
  });
  const charts = /** @type {[string, string, string][]} */ ([["temperature_c", "°C", "temperature"], ["power_w", "W", "power"], ["spooled", "", "kept until committed"], ["clock_bound_ms", "ms", "clock bound"]])
    .filter(([name]) => of(name).some((/** @type {[number, number | null]} */ [, value]) => value != null))
    .map(([name, unit, words]) => make("figure", {}, make("figcaption", {}, t(words)), line(of(name), unit, t(words), width)));
  if (live.health.length > 1) charts.unshift(make("figure", {}, make("figcaption", {}, t("dropped in 5 s")), line(drops, "", t("dropped in 5 s"), width)));
  return [make("h2", {}, t("Drops, temperature, power, spool, clock")), make("div", { class: "figures" }, ...charts)];
}

/** @param {any} told */
function events({ live, refused }) {
  const lines = live.events.map((/** @type {any} */ one) => make("li", {}, make("time", {}, when(one.utc_ns)), " ", say(one.what)));
  const reasons = Object.entries(refused);
  return [
    make("h2", {}, t("Events")), lines.length ? make("ul", { class: "events" }, ...lines) : quiet(t("Nothing yet.")),
    make("h2", {}, t("Refused")),
    reasons.length ? table([t("Reason"), t("Messages")], /** @type {[string, number][]} */ (reasons)) : quiet(t("Nothing on its topics was refused.")),
  ];
}

/**
 * Undefined is a dash, never 0.
 * @param {number | null | undefined} value  @param {number} digits
 */
const figure = (value, digits) => (value == null ? "–" : value.toFixed(digits));

/** @param {string} text */
const quiet = (text) => make("p", { class: "quiet" }, text);
