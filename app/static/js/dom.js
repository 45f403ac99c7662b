// Small tools: selecting, making elements, texts of the page, requests, toasts, announcements.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const data = $("#app");
export const app = data ? JSON.parse(data.textContent) : {};

export const say = (key, values = {}) => (app[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function icon(name, cls = "") {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", `i ${cls}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", `${app.sprite}#${name}`);
  svg.append(use);
  return svg;
}

export const csrf = () => $('meta[name="csrf-token"]')?.content ?? "";

export const typing = (target) => target instanceof Element && Boolean(target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"));

export function announce(text) {
  const box = $("#announce");
  if (!box) return;
  box.textContent = "";
  requestAnimationFrame(() => { box.textContent = text; });
}

const icons = { success: "circle-check", info: "info", warning: "triangle-alert", danger: "circle-alert" };

// A message at the edge of the page. `act` is an optional {label, run}; faults stay until they are closed.
export function toast(text, tone = "info", act = null) {
  const box = $("#toasts");
  const node = el("div", { class: `toast ${tone}` }, icon(icons[tone] ?? "info"), el("p", {}, text));
  if (act) node.append(el("button", { type: "button", class: "btn small", onclick: () => { node.remove(); act.run(); } }, act.label));
  box.append(node);
  settle(node, act ? 12000 : 6000, tone);
  return node;
}

// Gives a toast its close button and, when it is no fault, its end; a pointer or the focus on it holds it.
export function settle(node, after, tone) {
  node.append(el("button", { type: "button", class: "iconbtn", "aria-label": say("close"), onclick: () => node.remove() }, icon("x")));
  if (tone === "danger" || tone === "warning") return;
  let timer = 0;
  const start = () => { timer = setTimeout(() => node.remove(), after); };
  const hold = () => clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) node.addEventListener(name, hold);
  for (const name of ["pointerleave", "focusout"]) node.addEventListener(name, start);
  start();
}

// GET or POST of JSON. Resolves to {ok, status, data}; never rejects. An undo may answer with the dialog of its result instead.
export async function json(url, { body, signal } = {}) {
  const headers = { Accept: "application/json", "X-Requested-With": "fetch" };
  const options = { headers, credentials: "same-origin", signal };
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
    headers["X-CSRFToken"] = csrf();
  }
  try {
    const response = await fetch(url, options);
    const type = response.headers.get("Content-Type") ?? "";
    const found = type.includes("json") ? await response.json() : null;
    if (response.ok && !response.redirected && type.includes("html")) return { ok: !(await response.text()).includes('<li class="refused"'), status: response.status, data: {} };
    if (response.redirected && !found) return { ok: false, status: 401, data: { message: say("expired") } };
    return { ok: response.ok && (found !== null || response.status === 204), status: response.status, data: found ?? {} };
  } catch (error) {
    if (error.name === "AbortError") return { ok: false, status: -1, data: {} };
    return { ok: false, status: 0, data: { message: say("offline") } };
  }
}

export function later(run, wait) {
  let timer = 0;
  return (...values) => { clearTimeout(timer); timer = setTimeout(() => run(...values), wait); };
}
