// The keyboard: / search, n new, arrows or j and k in lists, Enter opens, x selects, b goes to what can be done, ? help.
import { $, $$, typing } from "./dom.js";

export function startKeys() {
  const help = $("#help");
  $("[data-help]")?.addEventListener("click", () => help.showModal());
  help?.addEventListener("click", (event) => { if (event.target === help) help.close(); });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && $("#g-q")) {
      event.preventDefault();
      $("#g-q").focus();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    if (use(event, help)) event.preventDefault();
  });
}

function use(event, help) {
  const target = event.target;
  switch (event.key) {
    case "/": return focus($("[data-find]") ?? $("#g-q"));
    case "?": if (!help) return false; help.showModal(); return true;
    case "n": { const link = $("[data-new]"); link?.click(); return Boolean(link); }
    case "j": return step(1);
    case "k": return step(-1);
    case "ArrowDown": return !inside(target) && step(1);
    case "ArrowUp": return !inside(target) && step(-1);
    case "x": case "X": return mark(event.shiftKey);
    case "b": { const first = $("[data-bulk]:not([hidden]) button"); first?.focus(); return Boolean(first); }
    default: return false;
  }
}

// Arrows keep their meaning in menus, tab lists and scrolling boxes without rows.
const inside = (target) => target.closest?.("details[open], [role=listbox], [data-board], .outcomes");

function focus(input) {
  if (!input) return false;
  input.focus();
  input.select();
  return true;
}

const links = () => $$("[data-rows] tbody a.main");
const present = () => document.activeElement?.closest?.("[data-rows] tbody tr");

function step(by) {
  const all = links();
  if (!all.length) return false;
  const at = all.findIndex((link) => link.closest("tr") === present());
  if (at < 0 && by < 0) return false;
  const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
  next.focus({ preventScroll: true });
  next.closest("tr").scrollIntoView({ block: "nearest" });
  return true;
}

function mark(shift) {
  const row = present();
  if (!row) return false;
  row.dispatchEvent(new CustomEvent("rowselect", { bubbles: true, detail: { shift } }));
  return true;
}
