// Alerts: what is wrong now, the gravest first, since when and what to do; below it what rose and cleared.

import { ago, ask, make, when } from "/pages/dom.js";
import { where } from "/pages/fleet.js";
import { state } from "/pages/live.js";
import { t } from "/pages/words.js";

/** @typedef {{id: string, name: string, rule: string, severity: string, site: string, node: string, stream: string,
 *   since_utc_ns: number, value: number | null, worst: number, bound: number, unit: string, times: number,
 *   what: string, do: string}} Alert */
/** @typedef {{at_utc_ns: number, became: string, why: string, alert: Alert}} AlertEvent */

const STALE_S = 30;
const SHOWN = 200;
const SHOWN_PAST = 100;
/**
 * By shape and word, not by colour alone.
 * @type {Record<string, string>}
 */
const SHAPE = { critical: "✕", warning: "▲" };

/**
 * Fill `place`, and what renews it.
 * @param {HTMLElement} place
 */
export function alertsPage(place) {
  const find = /** @type {HTMLInputElement} */ (make("input", {
    class: "find", type: "search", placeholder: t("Filter: words of an alert, site, node or stream"), "aria-label": t("Filter alerts"), maxlength: "200",
  }));
  const wrong = make("div"), held = make("div"), ended = make("div");
  place.replaceChildren(make("h1", {}, t("Alerts")), wrong, find, held, make("h2", {}, t("What rose and cleared")), ended);
  let told = "";
  /** @type {any} */
  let said = null;
  const show = () => {
    held.replaceChildren(...standing(said, find.value));
    ended.replaceChildren(past(said.past, find.value));
  };
  find.oninput = () => { if (said) show(); };
  return async () => {
    said = await ask("/api/alerts");
    // The ages change though nothing else does; a reader's place in the page stays where nothing rose or cleared.
    const now = JSON.stringify([said.standing, said.past.length, said.waiting, said.sent, said.looked_s_ago > STALE_S]);
    if (now === told) {
      for (const one of place.querySelectorAll("time[data-since]")) one.textContent = ago(Number(/** @type {HTMLElement} */ (one).dataset.since), state.aheadMs);
      return;
    }
    told = now;
    wrong.replaceChildren(...trouble(said));
    show();
  };
}

/**
 * Whether every word is somewhere in it.
 * @param {Alert} alert  @param {string} filter
 */
function fits(alert, filter) {
  const text = [alert.name, alert.rule, alert.severity, alert.site, alert.node, alert.stream].join(" ").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** @param {any} said */
function trouble(said) {
  const parts = [];
  if (!said.rules) parts.push(t("No rule is configured, so nothing is watched for: add [[alert]] to HUB.toml."));
  else if (said.looked_s_ago == null || said.looked_s_ago > STALE_S) parts.push(t("Nobody looks: the hub does not run, or its alerts' process can't read the ledger."));
  if (said.sent.trouble) parts.push(`${t("The webhook does not take them")}: ${said.sent.trouble} (${t("{n} messages wait", { n: said.waiting })})`);
  return parts.map((what) => make("p", { class: "quiet" }, what));
}

/**
 * What stands about one node, for its own page.
 * @param {Alert[]} alerts
 */
export const alertList = (alerts) => (alerts.length ? [make("ul", { class: "alerts", "aria-label": t("Alerts") }, ...alerts.map(one))] : []);

/** @param {any} said  @param {string} filter */
function standing(said, filter) {
  const rows = said.standing.filter((/** @type {Alert} */ alert) => fits(alert, filter)).sort((/** @type {Alert} */ a, /** @type {Alert} */ b) =>
    Number(a.severity !== "critical") - Number(b.severity !== "critical") || a.since_utc_ns - b.since_utc_ns);
  if (!said.standing.length) return [make("p", {}, said.rules ? t("No alert stands.") : "")];
  const parts = [make("ul", { class: "alerts" }, ...rows.slice(0, SHOWN).map(one))];
  if (!rows.length) parts.push(make("p", { class: "quiet" }, t("No alert fits this filter.")));
  const hidden = Math.max(rows.length - SHOWN, 0) + said.left_out;
  if (hidden) parts.push(make("p", { class: "quiet" }, t("{n} more are not listed.", { n: hidden })));
  return parts;
}

/** @param {Alert} alert */
function one(alert) {
  const since = make("time", { "data-since": String(alert.since_utc_ns), title: when(alert.since_utc_ns) }, ago(alert.since_utc_ns, state.aheadMs));
  const flaps = alert.times > 1 ? [", ", t("{n} times", { n: alert.times })] : [];
  return make("li", { class: `alert-${alert.severity}` },
    make("p", {}, severity(alert), " ", make("strong", {}, alert.name), " · ", about(alert), " · ", since, ...flaps),
    make("p", {}, words(alert)),
    make("p", { class: "quiet" }, t(alert.do)));
}

/**
 * The sentence in the reader's language, with its own figures.
 * @param {Alert} alert
 */
function words(alert) {
  const figure = (/** @type {number} */ value) => `${value.toLocaleString(undefined, { maximumFractionDigits: 3 })}${alert.unit ? ` ${alert.unit}` : ""}`;
  const key = `alert:${alert.rule}`;
  const said = t(key, { worst: figure(alert.worst), bound: figure(alert.bound) });
  return said === key ? alert.what : said;
}

/** @param {Alert} alert */
function severity(alert) {
  return make("span", { class: `severity-${alert.severity}` }, `${SHAPE[alert.severity] ?? ""} ${t(alert.severity)}`);
}

/** @param {Alert} alert */
function about(alert) {
  if (!alert.node) return t("the hub");
  return make("a", { href: where(alert) }, [alert.site, alert.node, alert.stream].filter(Boolean).join("/"));
}

/** @param {AlertEvent[]} all  @param {string} filter */
function past(all, filter) {
  const events = all.filter((event) => fits(event.alert, filter));
  if (!events.length) return make("p", { class: "quiet" }, t("Nothing yet."));
  const lines = events.slice(-SHOWN_PAST).reverse().map((event) => make("li", {},
    make("time", {}, when(event.at_utc_ns)), " ", event.became === "raised" ? severity(event.alert) : `✓ ${t("cleared")}`, " ",
    make("strong", {}, event.alert.name), " · ", about(event.alert), ": ", event.became === "raised" ? words(event.alert) : t(event.why)));
  return make("ul", { class: "events", tabindex: "0", "aria-label": t("What rose and cleared") }, ...lines);
}
