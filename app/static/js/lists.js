// Tables of records: selection with ranges, the bulk bar, and a press anywhere on a row opens it.
import { $, $$, say } from "./dom.js";

export function startLists() {
  for (const root of $$("[data-rows]")) {
    rows(root);
    if (root.matches("form")) selection(root);
  }
}

function rows(root) {
  root.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.target.closest("a, button, input, label, select, textarea, summary, .sel")) return;
    const row = event.target.closest("tbody tr");
    const link = row && $("a.main", row);
    if (!link || String(getSelection())) return;
    if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
    else link.click();
  });
}

function selection(form) {
  const boxes = () => $$('input[name="id"]', form);
  const bar = $("[data-bulk]", form);
  let last = null;
  const sync = () => {
    const all = boxes();
    const on = all.filter((box) => box.checked);
    for (const head of $$("[data-all]", form)) {
      const mine = $$('input[name="id"]', head.closest("table"));
      const ticked = mine.filter((box) => box.checked).length;
      head.checked = ticked > 0 && ticked === mine.length;
      head.indeterminate = ticked > 0 && ticked < mine.length;
    }
    if (!bar) return;
    bar.hidden = !on.length;
    $("[data-bulk-count]", bar).textContent = say("selected", { n: on.length });
    // With the whole page chosen, the choice can reach the rows of the other pages too.
    const rest = $("[data-bulk-all]", bar);
    if (!rest) return;
    rest.hidden = on.length < all.length;
    if (rest.hidden) $("input", rest).checked = false;
  };
  // A cell of ticks is a large target: a press beside the box counts.
  form.addEventListener("click", (event) => {
    const cell = event.target.closest(".sel");
    let box = event.target.closest('input[name="id"]');
    if (cell && event.target === cell) {
      box = $("input", cell);
      box.checked = !box.checked;
      if (box.dataset.all !== undefined) { box.dispatchEvent(new Event("change", { bubbles: true })); return; }
    }
    if (!box || box.name !== "id") return;
    range(box, event.shiftKey);
  });
  const range = (box, shift) => {
    const all = boxes();
    if (shift && last && last !== box) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const one of all.slice(from, to + 1)) one.checked = box.checked;
    }
    last = box;
    sync();
  };
  form.addEventListener("change", (event) => {
    const head = event.target.closest("[data-all]");
    if (head) for (const box of $$('input[name="id"]', head.closest("table"))) box.checked = head.checked;
    sync();
  });
  form.addEventListener("rowselect", (event) => {
    const box = $('input[name="id"]', event.target);
    if (!box) return;
    box.checked = !box.checked;
    range(box, event.detail.shift);
  });
  $("[data-bulk-clear]", form)?.addEventListener("click", () => { for (const box of boxes()) box.checked = false; sync(); $("[data-all]", form)?.focus(); });
  addEventListener("pageshow", sync);
  sync();
}
