// Actions in a dialog: any link or form with data-dialog is fetched as a fragment; its forms go on inside until it is closed.
// The server answers with HTML for the dialog, or with the header X-Location (or a redirect) to leave for another page.
import { $, say, toast } from "./dom.js";
import { startForms } from "./forms.js";

let opener = null;
let dirty = false; // something was done: the page behind is stale

export function startDialogs() {
  const box = $("#dialog");
  if (!box) return;
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
  box.addEventListener("click", (event) => {
    const away = event.target.closest("[data-close], [data-done]");
    if (event.target === box) box.close();
    if (!away) return;
    event.preventDefault();
    box.close();
  });
  box.addEventListener("close", () => {
    box.replaceChildren();
    if (dirty) return location.reload();
    opener?.isConnected && opener.focus();
    opener = null;
  });
}

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
  if (!box.open) box.showModal();
  startForms(box);
  if ($("[aria-invalid=true], [data-problems]", box)) return;
  const first = $(".field :is(input:not([type=hidden]), select, textarea)", box) ?? $(".dialog-foot .primary:not(:disabled), .dialog-foot .solid:not(:disabled)", box) ?? $("#dialog-title", box);
  first?.focus();
}
