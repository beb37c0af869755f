// Which page is shown; the address says it, so that it can be shared and gone back to.

import { alertsPage } from "/pages/alerts.js";
import { make } from "/pages/dom.js";
import { fleet } from "/pages/fleet.js";
import { follow, see, state } from "/pages/live.js";
import { nodePage } from "/pages/node.js";
import { rolloutPage, rolloutsPage } from "/pages/rollouts.js";
import { comparison, run, runs } from "/pages/runs.js";
import { language, learn, say, speak, t } from "/pages/words.js";

const AGAIN_MS = 2000;
/**
 * Which entry of the menu a page belongs to.
 * @type {Record<string, string>}
 */
const MENU = { runs: "#/runs", run: "#/runs", compare: "#/runs", alerts: "#/alerts", rollouts: "#/rollouts", rollout: "#/rollouts" };
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const trouble = /** @type {HTMLElement} */ (document.getElementById("trouble"));
const alerted = /** @type {HTMLElement} */ (document.getElementById("alerted"));
const link = /** @type {HTMLElement} */ (document.getElementById("link"));
let update = () => {};
let visit = 0;

async function show() {
  const own = ++visit;
  const [page, ...parts] = location.hash.replace(/^#\/?/, "").split("/").map(plain);
  for (const one of document.querySelectorAll("nav a")) {
    if ((MENU[page] ?? "#/") === one.getAttribute("href")) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  update = () => {};
  see({ count: 0, plan: false });
  if (!page) {
    update = fleet(main);
    return;
  }
  // What comes after somebody went on is drawn where nobody sees it.
  const place = make("div");
  main.replaceChildren(place);
  try {
    if (page === "runs") await runs(place);
    else if (page === "run") await run(place, parts[0] ?? "");
    else if (page === "compare") await comparison(place, parts[0] ?? "", parts[1] ?? "");
    else if (page === "node") await watched(own, nodePage(place, parts[0] ?? "", parts[1] ?? ""));
    else if (page === "alerts") await watched(own, alertsPage(place));
    else if (page === "rollouts") await watched(own, rolloutsPage(place));
    else if (page === "rollout") await watched(own, rolloutPage(place, parts[0] ?? ""));
    else place.append(make("p", {}, t("There is no such page."), " ", make("a", { href: "#/" }, t("The fleet"))));
  } catch (error) {
    place.replaceChildren(make("h1", {}, t("Not shown")), make("p", {}, error instanceof Error ? error.message : String(error)));
  }
}

/**
 * What is no part of an address of ours is no page.
 * @param {string} part
 */
function plain(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

/** @param {number} own  @param {() => Promise<void>} renew */
async function watched(own, renew) {
  try {
    await renew();
  } catch (error) {
    // A node that isn't there yet, or a hub that starts: the page comes when they do.
    setTimeout(() => { if (own === visit) show(); }, AGAIN_MS);
    throw error;
  }
  const again = () => setTimeout(async () => {
    if (own !== visit) return;
    // While the hub is away, what was last known stays.
    if (!document.hidden) await renew().catch(() => {});
    again();
  }, AGAIN_MS);
  again();
}

const THEMES = ["auto", "light", "dark"];

/** @param {string} theme */
function paint(theme) {
  document.documentElement.dataset.theme = theme;
}

/** Light or dark, and the language; both are remembered by the browser alone. */
function settings() {
  const theme = /** @type {HTMLSelectElement} */ (document.getElementById("theme"));
  const tongue = /** @type {HTMLSelectElement} */ (document.getElementById("language"));
  theme.replaceChildren(...THEMES.map((name) => make("option", { value: name }, t(name))));
  theme.value = localStorage.getItem("gilmok-theme") ?? "auto";
  tongue.value = language();
  theme.setAttribute("aria-label", t("Theme"));
  tongue.setAttribute("aria-label", t("Language"));
  document.documentElement.lang = language();
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = t(/** @type {HTMLElement} */ (one).dataset.say ?? "");
  theme.onchange = () => { localStorage.setItem("gilmok-theme", theme.value); paint(theme.value); update(); };
  tongue.onchange = async () => { speak(tongue.value); settings(); await learn(); show(); };
  paint(theme.value);
}

settings();
await learn();
window.addEventListener("hashchange", () => { show(); main.focus(); });
show();
follow(() => {
  trouble.textContent = say(state.trouble);
  trouble.hidden = !state.trouble;
  alerted.textContent = state.alerts ? ` (${state.alerts.toLocaleString()})` : "";
  update();
}, (word) => { link.dataset.say = word; link.textContent = t(word); });
