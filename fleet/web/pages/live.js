// The one stream from the hub: what is in sight of this page is asked for, and comes once a second.

/** @typedef {{site: string, node: string, kind: string, state: string, glance: string, since_utc_ns: number,
 *   last_heard_utc_ns: number | null, run: string, model: string, device: string, streams: number, captured: number,
 *   ok: number, failed: number, dropped: number, fps: number | null, p50_ms: number | null, p99_ms: number | null,
 *   n: number, stages_ms: Record<string, number>, temperature_c: number | null, power_w: number | null,
 *   spooled: number | null, x_m: number | null, y_m: number | null}} Row */
/** @typedef {{utc_ns: number, site: string, node: string, before: string, after: string}} Change */
/**
 * Site, node, rank, whether it is a vehicle, metres east and north.
 * @typedef {[string, string, number, boolean, number | null, number | null]} Dot
 */
/** @typedef {{sort: string, up: boolean, filter: string, first: number, count: number, plan: boolean}} View */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

export const state = {
  known: false, trouble: "", aheadMs: 0, alerts: 0, of: 0, fit: 0, first: 0,
  /** @type {Record<string, number>} */ tally: {},
  /** @type {Row[]} */ rows: [],
  /** @type {Change[]} */ changes: [],
  /** @type {Dot[]} */ plan: [],
};

/** @type {View} */
let view = { sort: "glance", up: true, filter: "", first: 0, count: 0, plan: false };
/** @type {WebSocket | null} */
let socket = null;

/**
 * What is in sight from now on.
 * @param {Partial<View>} more
 */
export function see(more) {
  const next = { ...view, ...more };
  if (JSON.stringify(next) === JSON.stringify(view)) return;
  view = next;
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(view));
}

export const seen = () => view;

/** @param {() => void} changed  @param {(word: string) => void} link */
export function follow(changed, link) {
  let waitMs = FIRST_WAIT_MS;
  const connect = () => {
    const own = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    socket = own;
    own.onopen = () => { waitMs = FIRST_WAIT_MS; own.send(JSON.stringify(view)); link("live"); };
    own.onmessage = (event) => { take(JSON.parse(event.data)); changed(); };
    own.onclose = () => {
      link("no connection");
      // A session that ended: the page that asks for the token comes in this one's place.
      fetch("/", { method: "HEAD" }).then((answer) => { if (answer.status === 401) location.reload(); }, () => {});
      setTimeout(connect, waitMs);
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    };
  };
  connect();
}

/** @param {any} said */
function take(said) {
  Object.assign(state, { known: said.known, trouble: said.trouble, of: said.of, fit: said.fit, first: said.first,
    tally: said.tally, rows: said.rows, changes: said.changes, plan: said.plan ?? state.plan });
  state.alerts = Object.values(said.alerts ?? {}).reduce((/** @type {number} */ all, one) => all + Number(one), 0);
  if (said.at_ms) state.aheadMs = Date.now() - said.at_ms;
}
