// Rollouts: which model goes out to which units, how far it is, what the gates say, and why it was stopped.

import { ask, facts, make, table, when } from "/pages/dom.js";
import { say, t } from "/pages/words.js";

/** @typedef {{id: number, name: string, status: string, wave: number, waves: number, units: number, active: number,
 *   failed: number, began_utc_ns: number, began: string, by: string, bundle: string, digest: string, why: string}} Rollout */

const SHOWN = 300;
/**
 * By shape and word, not by colour alone.
 * @type {Record<string, string>}
 */
const SHAPE = {
  WORSE: "✕", "NOT WORSE": "✓", INCONCLUSIVE: "…", "NOT TOLD": "–",
  running: "▶", paused: "‖", halted: "✕", "rolling back": "↩", "rolled back": "↩", aborted: "✕", done: "✓",
};
/** @type {Record<string, string>} */
const TONE = { WORSE: "lost", "NOT WORSE": "online", halted: "lost", "rolling back": "lost", "rolled back": "lost", paused: "stale", done: "online", failed: "lost" };

/** @param {string} word */
const marked = (word) => make("span", { class: `state-${TONE[word] ?? "offline"}` }, `${SHAPE[word] ?? ""} ${t(word)}`.trim());

/** @param {string} why */
const because = (why) => (why ? [make("p", {}, say(why))] : []);

/**
 * The list, and what renews it.
 * @param {HTMLElement} place
 */
export function rolloutsPage(place) {
  const held = make("div");
  place.replaceChildren(make("h1", {}, t("Rollouts")), held);
  return renewed("/api/rollouts", (/** @type {Rollout[]} */ told) => {
    if (!told.length) {
      held.replaceChildren(make("p", {}, t("No rollout yet. `gilmok fleet rollout ROLLOUT.toml` begins one.")));
      return;
    }
    const rows = told.map((one) => [
      make("a", { href: `#/rollout/${one.id}` }, one.name), marked(one.status), `${one.wave}/${one.waves}`, one.units, one.active,
      one.failed, one.began, one.by, one.bundle, say(one.why),
    ]);
    held.replaceChildren(table(["Name", "Status", "Wave", "Units", "Run it", "Failed", "Began", "By", "Bundle", "Why"].map((head) => t(head)), rows));
  });
}

/**
 * One of them, and what renews it.
 * @param {HTMLElement} place  @param {string} id
 */
export function rolloutPage(place, id) {
  return renewed(`/api/rollouts/${encodeURIComponent(id)}`, (told) => place.replaceChildren(...whole(told)));
}

/**
 * Draws what is told when it is another than before, so that a reader keeps their place.
 * @param {string} path  @param {(told: any) => void} draw
 */
function renewed(path, draw) {
  let before = "";
  return async () => {
    const told = await ask(path);
    const now = JSON.stringify(told);
    if (now === before) return;
    before = now;
    draw(told);
  };
}

/** @param {any} told */
function whole(told) {
  return [
    make("h1", {}, told.name, " ", marked(told.status)),
    ...because(told.why),
    facts([
      [t("Bundle"), `${told.bundle} (${told.digest.slice(0, 12)})`], [t("Began"), `${when(told.began_utc_ns)}, ${told.by}`],
      [t("Where it is worse"), t(told.on_failure)], [t("Units"), t("{n} of {all} run it", { n: told.active, all: told.units })],
      ...(told.left_out ? [/** @type {[string, string]} */ ([t("Beyond the cap"), String(told.left_out)])] : []),
    ]),
    make("h2", {}, t("Waves")), table(["Wave", "Asks for", "Stands", "Units", "Sent", "Have it", "Failed"].map((head) => t(head)), told.wave_rows.map(wave)),
    make("h2", {}, t("Gates")), ...gates(told.gates),
    make("h2", {}, t("Units")), ...units(told.unit_rows),
    make("h2", {}, t("What became of it")), history(told.history),
  ];
}

/** @param {any} one */
const wave = (one) => [one.wave, asks(one.asks), marked(one.stands), one.target, one.sent, one.have_it, one.failed];

/** @param {string} text */
function asks(text) {
  const each = text.match(/^(\d+) of each chip$/);
  return each ? t("{n} of each chip", { n: each[1] }) : text;
}

/** @param {any[]} told */
function gates(told) {
  if (!told.length) return [make("p", { class: "quiet" }, t("Nothing was measured yet."))];
  const rows = told.map((one) => [
    t(one.gate), one.chip, marked(one.verdict), one.shown_before, one.shown_now, one.shown_worse.replace("less", t("less")).replace("more", t("more")),
    one.shown_margin, one.looks, one.units, say(one.why),
  ]);
  const heads = ["Gate", "Chip", "Verdict", "Before", "Now", "Worse by, 95 %", "Allowed", "Looks", "At units", ""];
  return [
    table(heads.map((head) => t(head)), rows),
    make("p", { class: "quiet" }, t("Each unit against its own time before it had the bundle, less what happened to units without it; the interval holds at all looks together.")),
  ];
}

/** @param {any[]} told */
function units(told) {
  const rank = ["failed", "returning", "returned", "left", "unfit", "sent", "active", "waiting"];
  const rows = [...told].sort((a, b) => rank.indexOf(a.phase) - rank.indexOf(b.phase));
  const shown = rows.slice(0, SHOWN).map((one) => [
    make("a", { href: `#/node/${encodeURIComponent(one.site)}/${encodeURIComponent(one.node)}` }, `${one.site}/${one.node}`),
    one.chip, marked(one.phase), one.wave ?? "–", one.since, one.runs || t("its own configuration's"), say(one.why),
  ]);
  const parts = [table(["Unit", "Chip", "Phase", "Wave", "Since", "Runs", "Why"].map((head) => t(head)), shown)];
  if (rows.length > SHOWN) parts.push(make("p", { class: "quiet" }, t("{n} more are not listed.", { n: rows.length - SHOWN })));
  return parts;
}

/** @param {any[]} told */
function history(told) {
  const lines = told.slice(-SHOWN).reverse().map((one) => make("li", {},
    make("time", {}, when(one.at_utc_ns)), ` ${one.unit} `, make("strong", {}, t(one.what)), one.why ? `: ${say(one.why)}` : "", ` (${one.who})`));
  return make("ul", { class: "events", tabindex: "0", "aria-label": t("What became of it") }, ...lines);
}
