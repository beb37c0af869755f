// The fleet at a glance: how many are what, where they stand, what changed, and a table of what is in sight.

import { ago, clock, draw, make } from "/pages/dom.js";
import { legend } from "/pages/chart.js";
import { see, seen, state } from "/pages/live.js";
import { plan } from "/pages/plan.js";
import { t } from "/pages/words.js";

/** @typedef {import("/pages/live.js").Row} Row */

const ROW_PX = 30;
const BEYOND = 8;
const SHOWN_CHANGES = 30;
export const RANK = ["lost", "refused", "failing", "stale", "hot", "late", "unknown", "online", "offline"];
/**
 * A state by shape and word, not by colour alone.
 * @type {Record<string, string>}
 */
const SHAPE = { online: "●", late: "◔", stale: "◐", lost: "✕", failing: "▲", hot: "♨", refused: "⊘", offline: "○", unknown: "?" };

/** @type {[string, string, boolean, boolean][]}  what it is sorted by, head, is a number, left out on a phone */
const COLUMNS = [
  ["glance", "State", false, false], ["node", "Node", false, false], ["site", "Site", false, true],
  ["kind", "Kind", false, true], ["last_heard_utc_ns", "Heard", true, true], ["fps", "Frames/s", true, false],
  ["p50_ms", "p50", true, true], ["p99_ms", "p99", true, false], ["", "Stages, p50", false, true],
  ["failed", "Failed", true, true], ["dropped", "Dropped", true, true], ["temperature_c", "Chip", true, true],
  ["spooled", "Kept", true, true], ["model", "Model", false, true], ["device", "Device", false, true], ["run", "Run", false, true],
];

/** @param {string} glance */
export function mark(glance) {
  return make("span", { class: `state-${glance}` }, `${SHAPE[glance] ?? "?"} ${t(glance)}`);
}

/** @param {HTMLElement} main */
export function fleet(main) {
  const counts = make("ul", { class: "counts", "aria-label": t("State") });
  const find = /** @type {HTMLInputElement} */ (make("input", {
    class: "find", type: "search", placeholder: t("Filter: any text, or state:lost"), "aria-label": t("Filter nodes"), maxlength: "200",
  }));
  find.value = seen().filter;
  const body = make("tbody");
  const heads = COLUMNS.map(([by, head, number, wide]) => {
    const th = make("th", { class: classes(number, wide), scope: "col" });
    if (!by) { th.append(t(head)); return th; }
    const button = make("button", { type: "button" }, t(head));
    button.onclick = () => see({ sort: by, up: seen().sort === by ? !seen().up : !number });
    th.append(button);
    return th;
  });
  const scroll = make("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": t("Nodes") },
    make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body));
  const stages = make("div", { class: "stages" });
  const [drawn, drawPlan] = plan();
  const changes = make("ul", { class: "changes", tabindex: "0", "aria-label": t("Last changes") });
  const beside = make("div", { class: "beside" },
    make("section", {}, make("h2", {}, t("Plan")), drawn), make("section", {}, make("h2", {}, t("Last changes")), changes));
  main.replaceChildren(make("h1", {}, t("Fleet")), counts, beside, find, scroll,
    stages, make("p", { class: "quiet" }, t("Latency is of the last minute, capture to result, of each node's slowest stream.")));

  function inSight() {
    const first = Math.max(0, Math.floor(scroll.scrollTop / ROW_PX) - BEYOND);
    see({ first, count: Math.min(200, Math.ceil(scroll.clientHeight / ROW_PX) + 2 * BEYOND), plan: true, filter: find.value });
  }

  let told = "";
  function update() {
    inSight();
    COLUMNS.forEach(([by], at) => {
      const sorted = by && seen().sort === by ? (seen().up ? "ascending" : "descending") : "none";
      if (by && heads[at].getAttribute("aria-sort") !== sorted) heads[at].setAttribute("aria-sort", sorted);
    });
    counts.replaceChildren(...RANK.filter((name) => state.tally[name]).map((name) => {
      const button = make("button", { type: "button", class: `state-${name}` }, `${SHAPE[name]} ${state.tally[name].toLocaleString()} ${t(name)}`);
      button.onclick = () => { find.value = find.value === `state:${name}` ? "" : `state:${name}`; inSight(); };
      return make("li", {}, button);
    }));
    const most = Math.max(1, ...state.rows.map((row) => Object.values(row.stages_ms).reduce((sum, one) => sum + one, 0)));
    const names = [...new Set(state.rows.flatMap((row) => Object.keys(row.stages_ms)))];
    if (names.length && String(names) !== stages.dataset.of) {
      stages.dataset.of = String(names);
      stages.replaceChildren(legend(names));
    }
    const rows = state.rows.map((row) => line(row, most));
    if (!state.fit) rows.push(nothing());
    const focused = document.activeElement?.closest("tbody") === body ? document.activeElement?.getAttribute("href") : null;
    body.replaceChildren(space(state.first), ...rows, space(state.fit - state.first - state.rows.length));
    if (focused) /** @type {HTMLElement | null} */ (body.querySelector(`a[href="${CSS.escape(focused)}"]`))?.focus({ preventScroll: true });
    drawPlan();
    const now = JSON.stringify(state.changes[0] ?? null);
    if (now !== told || !changes.childElementCount) {
      told = now;
      changes.replaceChildren(...state.changes.slice(0, SHOWN_CHANGES).map(changed));
      if (!state.changes.length) changes.append(make("li", { class: "quiet" }, t("Nothing has changed since this page's process began to look.")));
    }
  }

  find.oninput = () => { scroll.scrollTop = 0; inSight(); };
  scroll.onscroll = () => requestAnimationFrame(inSight);
  update();
  return update;
}

/** @param {Row} row  @param {number} most  the longest bar's milliseconds */
function line(row, most) {
  const cells = [
    mark(row.glance), make("a", { href: where(row) }, row.node), row.site, t(row.kind), ago(row.last_heard_utc_ns, state.aheadMs),
    number(row.fps, 1), number(row.p50_ms, 1, " ms"), number(row.p99_ms, 1, " ms"), bar(row.stages_ms, most), number(row.failed), number(row.dropped),
    number(row.temperature_c, 1, " °C"), number(row.spooled), row.model, row.device, row.run,
  ];
  return make("tr", {}, ...COLUMNS.map(([, , isNumber, wide], at) => make("td", { class: classes(isNumber, wide) }, cells[at])));
}

/** @param {Record<string, number>} stages  @param {number} most */
function bar(stages, most) {
  const told = Object.entries(stages).map(([name, value]) => `${name} ${value.toFixed(1)} ms`).join(", ");
  if (!told) return "–";
  let x = 0;
  const parts = Object.values(stages).map((value, at) => {
    const width = (value / most) * 160;
    x += width;
    return draw("rect", { class: `stage-${at % 5}`, x: x - width, y: 0, width, height: 12 });
  });
  const picture = draw("svg", { class: "bar", viewBox: "0 0 160 12", role: "img", "aria-label": told }, ...parts);
  picture.prepend(draw("title", {}, told));
  return picture;
}

/** @param {import("/pages/live.js").Change} one */
function changed(one) {
  return make("li", {}, make("time", {}, clock(one.utc_ns)), " ", make("a", { href: where(one) }, `${one.site}/${one.node}`), " ",
    ...(one.before ? [mark(one.before), " → "] : []), RANK.includes(one.after) ? mark(one.after) : t(one.after));
}

/** @param {{site: string, node: string}} row */
export const where = (row) => `#/node/${encodeURIComponent(row.site)}/${encodeURIComponent(row.node)}`;

/** @param {number | null} value  @param {number} [digits]  @param {string} [unit] */
function number(value, digits = 0, unit = "") {
  return value == null ? "–" : value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits }) + unit;
}

function nothing() {
  const why = state.of ? "No node fits this filter."
    : state.known ? "No node has introduced itself yet. Start one: gilmok node run NODE.toml, or see four: gilmok demo" : "Reading…";
  return make("tr", {}, make("td", { colspan: String(COLUMNS.length), class: "quiet" }, t(why)));
}

/** @param {number} rows */
function space(rows) {
  const row = make("tr", { class: "spacer", "aria-hidden": "true" }, make("td", { colspan: String(COLUMNS.length) }));
  row.style.height = `${Math.max(0, rows) * ROW_PX}px`;
  return row;
}

/** @param {boolean} isNumber  @param {boolean} wide */
function classes(isNumber, wide) {
  return [isNumber && "number", wide && "wide"].filter(Boolean).join(" ");
}
