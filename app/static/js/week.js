// A week to paint: by dragging, or with the arrow keys. The boxes themselves hold what is painted, and work without this.
import { $, $$, later } from "./dom.js";

const DAYS = 7;

export function startWeek(group) {
  const boxes = $$("input[type=checkbox]", group);
  const total = $("[data-week-total]", group);
  const number = new Intl.NumberFormat(document.documentElement.lang || "en");
  for (const hint of $$("[data-script-only]", group)) hint.hidden = false;

  const tell = later(() => {
    const hours = boxes.filter((box) => box.checked).length / 2;
    total.textContent = (hours === 1 ? group.dataset.one : group.dataset.many).replace("0", number.format(hours));
  }, 150);
  const tick = (box, on) => {
    if (box.checked === on) return;
    box.checked = on;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  };
  group.addEventListener("change", tell);
  paintByPointer(group, boxes, tick);
  moveByKeys(group, boxes, tick);
}

// From the box that was pressed to the one under the pointer, everything becomes what the first one becomes.
function paintByPointer(group, boxes, tick) {
  let first = -1;
  let on = true;
  let before = [];
  let dragged = false;
  const boxOf = (node) => boxes.indexOf($("input", node?.closest?.("label") ?? document.createElement("i")));

  const paint = (last) => {
    const [top, bottom] = [first, last].map((at) => Math.floor(at / DAYS)).sort((a, b) => a - b);
    const [left, right] = [first, last].map((at) => at % DAYS).sort((a, b) => a - b);
    boxes.forEach((box, at) => {
      const row = Math.floor(at / DAYS);
      const inside = row >= top && row <= bottom && at % DAYS >= left && at % DAYS <= right;
      tick(box, inside ? on : before[at]);
    });
  };
  const move = (event) => {
    const last = boxOf(document.elementFromPoint(event.clientX, event.clientY));
    if (last < 0 || (last === first && !dragged)) return; // a click that trembles is a click
    dragged = true;
    paint(last);
  };
  const end = () => {
    first = -1;
    document.removeEventListener("pointermove", move);
  };
  group.addEventListener("pointerdown", (event) => {
    const at = boxOf(event.target);
    if (at < 0 || event.button !== 0) return;
    first = at;
    dragged = false;
    before = boxes.map((box) => box.checked);
    on = !before[at];
    if (event.pointerType === "touch") event.target.releasePointerCapture?.(event.pointerId);
    document.addEventListener("pointermove", move);
  });
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, end);
  // The click that ends a drag where it began would turn that box back.
  group.addEventListener("click", (event) => {
    if (!dragged || event.detail === 0 || boxOf(event.target) < 0) return;
    dragged = false;
    event.preventDefault();
  });
}

// One stop for the tab key; arrows move, with Shift they paint what they leave behind.
function moveByKeys(group, boxes, tick) {
  const rtl = document.documentElement.dir === "rtl";
  const steps = { ArrowUp: -DAYS, ArrowDown: DAYS, ArrowLeft: rtl ? 1 : -1, ArrowRight: rtl ? -1 : 1 };
  const stop = (box) => boxes.forEach((each) => { each.tabIndex = each === box ? 0 : -1; });
  stop(boxes.find((box) => box.checked) ?? boxes[0]);

  group.addEventListener("focusin", (event) => { if (boxes.includes(event.target)) stop(event.target); });
  group.addEventListener("keydown", (event) => {
    const at = boxes.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const start = at - (at % DAYS);
    const to = event.key === "Home" ? start : event.key === "End" ? start + DAYS - 1 : at + (steps[event.key] ?? 0);
    const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
    if (to === at || to < 0 || to >= boxes.length || (sideways && to - (to % DAYS) !== start)) {
      if (event.key in steps) event.preventDefault();
      return;
    }
    event.preventDefault();
    if (event.shiftKey && event.key in steps) tick(boxes[to], boxes[at].checked);
    boxes[to].focus();
  });
}
