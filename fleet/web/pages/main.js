// Which page is shown; the address says it, so that it can be shared and gone back to.

import { make } from "/pages/dom.js";
import { fleet } from "/pages/fleet.js";
import { follow, see, state } from "/pages/live.js";
import { nodePage } from "/pages/node.js";
import { run, runs } from "/pages/runs.js";
import { language, speak, t } from "/pages/words.js";

const AGAIN_MS = 2000;
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const trouble = /** @type {HTMLElement} */ (document.getElementById("trouble"));
const link = /** @type {HTMLElement} */ (document.getElementById("link"));
let update = () => {};
let visit = 0;

async function show() {
  const own = ++visit;
  const [page, ...parts] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  for (const one of document.querySelectorAll("nav a")) {
    const here = (page === "runs" || page === "run") === (one.getAttribute("href") === "#/runs");
    if (here) one.setAttribute("aria-current", "page");
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
    else if (page === "node") await watched(place, own, parts[0] ?? "", parts[1] ?? "");
    else place.append(make("p", {}, t("There is no such page."), " ", make("a", { href: "#/" }, t("The fleet"))));
  } catch (error) {
    place.replaceChildren(make("h1", {}, t("Not shown")), make("p", {}, error instanceof Error ? error.message : String(error)));
  }
}

/** @param {HTMLElement} place  @param {number} own  @param {string} site  @param {string} name */
async function watched(place, own, site, name) {
  const renew = nodePage(place, site, name);
  await renew();
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
  tongue.onchange = () => { speak(tongue.value); settings(); show(); };
  paint(theme.value);
}

settings();
window.addEventListener("hashchange", () => { show(); main.focus(); });
show();
follow(() => {
  trouble.textContent = state.trouble;
  trouble.hidden = !state.trouble;
  update();
}, (word) => { link.dataset.say = word; link.textContent = t(word); });
