// The register: marks without a reload, and by the keyboard. Without scripts the same buttons send the form.
import { $, $$, announce, csrf, toast, typing } from "./dom.js";

export function startRegister() {
  const root = $("[data-register]");
  root.addEventListener("submit", (event) => {
    if (!event.submitter) return;
    event.preventDefault();
    send(root, event.target, event.submitter);
  });
  root.addEventListener("keydown", (event) => keys(root, event));
}

async function send(root, form, button) {
  if (form.getAttribute("aria-busy") === "true") return;
  const row = button.closest("[data-pupil]")?.dataset.pupil;
  form.setAttribute("aria-busy", "true");
  try {
    const body = new FormData(form, button);
    const response = await fetch(form.action, { method: "POST", body, credentials: "same-origin", headers: { "X-Fragment": "1", "X-CSRFToken": csrf() } });
    const html = await response.text();
    if (response.redirected || !html.includes("data-marks")) throw new Error("no register");
    const open = $$("details[open]", root).map((one) => one.closest("[data-pupil]").dataset.pupil);
    root.innerHTML = html;
    for (const id of open) $(`[data-pupil="${id}"] details`, root)?.setAttribute("open", "");
    const wanted = row ? $(`button[value="${button.value}"]`, root) ?? $(`[data-pupil="${row}"]`, root) : $("[data-pupil]", root);
    wanted?.focus();
    announce($("[data-error]", root)?.textContent.trim() ?? `${root.dataset.done}. ${$("[data-summary]", root).textContent}`);
  } catch {
    form.removeAttribute("aria-busy");
    toast(root.dataset.failed, "danger");
  }
}

function keys(root, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const row = event.target.closest("[data-pupil]");
  if (!row) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const all = $$("[data-pupil]", root);
    all[all.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  } else {
    const button = $(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`, row);
    if (!button) return;
    button.form.requestSubmit(button);
  }
  event.preventDefault();
}
