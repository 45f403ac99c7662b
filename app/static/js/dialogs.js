// Actions in a dialog: any link or form with data-dialog is fetched as a fragment; its forms go on inside until it is closed.
// The server answers with HTML for the dialog, or with the header X-Location (or a redirect) to leave for another page.
import { $, $$, csrf, say, toast } from "./dom.js";
import { changes, startForms } from "./forms.js";

let opener = null;
let dirty = false; // something was done: the page behind is stale
let typed = () => false; // whether the dialog holds what would be lost with it
const NEWS = "registrar-news"; // what to tell after the page was loaded anew
const NOTE = "registrar-note"; // what was typed beside a dialog, for the page that is loaded anew

export function startDialogs() {
  const box = $("#dialog");
  if (!box) return;
  news();
  noteAgain();
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link, link.href, {});
  });
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    const inside = box.contains(form);
    if (!inside && form.dataset.dialog === undefined && submitter?.dataset.dialog === undefined) return;
    if (form.method === "dialog") return;
    event.preventDefault();
    const body = new FormData(form, submitter);
    const url = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
    if (form.method === "get") return open(submitter ?? form, `${url}?${new URLSearchParams(body)}`, {});
    return open(inside ? null : submitter ?? form, url, { method: "POST", body });
  });
  // A press that begins in the dialog and ends beside it selects text. Beside it, nothing is asked: what was typed stays.
  let pressed = null;
  box.addEventListener("pointerdown", (event) => { pressed = event.target; });
  box.addEventListener("click", (event) => {
    if (event.target === box && pressed === box && !typed()) box.close();
    const away = event.target.closest("[data-close], [data-done]");
    if (!away || away.dataset.away !== undefined) return;
    event.preventDefault();
    if (mayClose()) box.close();
  });
  // A browser lets a page refuse `cancel` only once in a row: Escape is answered before it comes to that.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.open && !event.defaultPrevented && !mayClose()) event.preventDefault();
  });
  box.addEventListener("close", () => {
    box.replaceChildren();
    typed = () => false;
    if (dirty) return fresh({ focus: selectorOf(opener) });
    reachable(opener)?.focus();
    opener = null;
  });
}

const mayClose = () => !typed() || confirm(say("discard"));

async function open(from, url, options) {
  const box = $("#dialog");
  const busy = from ?? $("button:focus", box);
  if (from) opener = from;
  busy?.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(url, { ...options, credentials: "same-origin", headers: { "X-Fragment": "1", Accept: "text/html" } });
    const away = response.headers.get("X-Location");
    if (away) return location.assign(away);
    if (response.redirected) return location.assign(response.url);
    const type = response.headers.get("Content-Type") ?? "";
    if (type.includes("json")) {
      const data = await response.json();
      return toast(data.message ?? say(response.ok ? "undone" : "failed"), response.ok ? "success" : "danger");
    }
    const html = await response.text();
    if (!html.includes("dialog-in")) {
      const found = new DOMParser().parseFromString(html, "text/html");
      return toast($("h1", found)?.textContent.trim() || say("failed"), "danger");
    }
    show(html);
  } catch {
    toast(say("offline"), "danger");
  } finally {
    busy?.removeAttribute("aria-busy");
  }
  return undefined;
}

function show(html) {
  const box = $("#dialog");
  const found = new DOMParser().parseFromString(html, "text/html");
  box.replaceChildren(...found.body.childNodes);
  if ($("[data-stage=done]", box)) dirty = true;
  const quick = $("[data-quick]", box);
  if (quick) return fresh({ text: quick.dataset.quick, undo: quick.dataset.undo, focus: selectorOf(opener) }, quick.dataset.to);
  if (!box.open) box.showModal();
  startForms(box);
  watch($$("form[method=post]", box));
  if ($("[aria-invalid=true], [data-problems]", box)) return;
  const first = $(".field :is(input:not([type=hidden]), select, textarea)", box) ?? $(".dialog-foot .primary:not(:disabled), .dialog-foot .solid:not(:disabled)", box) ?? $("#dialog-title", box);
  first?.focus();
  return undefined;
}

// What was typed in one step is still to be lost in the next, until it is done.
function watch(forms) {
  const before = typed();
  const since = forms.map(changes);
  typed = () => forms.length > 0 && (before || since.some((changed) => changed()));
}

// One record, done, nothing to read: the page is loaded anew, or that of the record that stands for it now, and says so, with the way back.
function fresh(message, to) {
  sessionStorage.setItem(NEWS, JSON.stringify(message));
  if (to) return location.assign(to);
  keepNote();
  return location.reload();
}

// A note that is half typed waits for the page that is loaded anew; one that was just added is done with.
function keepNote() {
  const form = $("form.quick");
  if (!form) return;
  const area = $("textarea", form);
  if (area.value && !form.contains(opener)) sessionStorage.setItem(NOTE, JSON.stringify({ page: location.pathname, text: area.value }));
  form.reset();
}

function noteAgain() {
  const kept = JSON.parse(sessionStorage.getItem(NOTE) ?? "null");
  sessionStorage.removeItem(NOTE);
  const area = $("form.quick textarea");
  if (area && kept?.page === location.pathname) area.value = kept.text;
}

function news() {
  const found = JSON.parse(sessionStorage.getItem(NEWS) ?? "null");
  if (!found) return;
  sessionStorage.removeItem(NEWS);
  requestAnimationFrame(() => {
    const told = found.text && toast(found.text, "success", found.undo && { label: say("undo"), run: () => takeBack(found.undo, found.focus) });
    const target = reachable(found.focus && $(found.focus)) ?? (told ? $("button", told) : null);
    target?.focus();
  });
}

// What opened the dialog, so that it is found again when the page was loaded anew.
function selectorOf(node) {
  if (!node) return "";
  const name = ["href", "formaction"].find((each) => node.hasAttribute(each));
  if (name) return `[${name}="${CSS.escape(node.getAttribute(name))}"]`;
  return `form[action="${CSS.escape(node.closest("form")?.getAttribute("action") ?? "")}"] button`;
}

// What can take the focus: of a menu that is closed, what opens it; nothing of a bar that is hidden.
function reachable(node) {
  if (!node || node.closest("[hidden]")) return null;
  const menu = node.closest("details.menu:not([open])");
  return menu ? $("summary", menu) : node;
}

async function takeBack(url, focus) {
  try {
    const response = await fetch(url, { method: "POST", body: new URLSearchParams({ csrf_token: csrf() }), credentials: "same-origin", headers: { "X-Fragment": "1", Accept: "text/html" } });
    if (response.ok) return fresh({ text: say("undone"), focus });
    const data = await response.json().catch(() => ({}));
    return toast(data.message ?? say("failed"), "danger");
  } catch {
    return toast(say("offline"), "danger");
  }
}
