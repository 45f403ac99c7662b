// The map of a room: students move by pointer, or by keyboard (Space, arrows, Space; Escape). The map is kept live while nothing is held.
import { $, $$, announce, json, toast } from "./dom.js";

const EVERY = 5000; // milliseconds between two looks at the map
let root = null;
let words = {};
let held = null; // {student, name, from}: taken up by the keyboard
let dragged = null;
let busy = false;

const tell = (key, values = {}) => announce(words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? ""));
const seats = () => $$("[data-seat]", root);
const isFree = (seat) => !seat.dataset.student;
const mayMove = () => root.dataset.seatmap !== "";

export function startSeats() {
  root = $("[data-seatmap]");
  words = JSON.parse(root.dataset.say);
  rove(seats()[0]);
  root.addEventListener("keydown", keys);
  root.addEventListener("click", (event) => {
    const seat = event.target.closest("[data-seat]");
    if (seat) rove(seat);
    if (held && seat) return drop(seat);
    const student = event.target.closest(".seat-student");
    return student && event.detail === 0 ? lift(student) : undefined; // by the keyboard
  });
  root.addEventListener("focusin", (event) => { if (event.target.dataset.seat) rove(event.target); });
  root.addEventListener("dragstart", (event) => {
    const item = event.target.closest("[data-student]");
    if (!item || !mayMove()) return event.preventDefault();
    dragged = item;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", item.dataset.name);
    return requestAnimationFrame(() => item.classList.add("dragging"));
  });
  root.addEventListener("dragover", (event) => {
    const seat = event.target.closest("[data-seat]");
    for (const other of seats()) other.classList.toggle("over", other === seat && isFree(other));
    if (seat && dragged && isFree(seat)) event.preventDefault();
  });
  root.addEventListener("drop", (event) => {
    const seat = event.target.closest("[data-seat]");
    if (!seat || !dragged) return;
    event.preventDefault();
    put(dragged.dataset.student, seat.dataset.seat);
  });
  root.addEventListener("dragend", () => {
    dragged?.classList.remove("dragging");
    dragged = null;
    for (const seat of seats()) seat.classList.remove("over");
  });
  setInterval(() => { if (!held && !dragged && !busy && !document.hidden) look(); }, EVERY);
}

// One seat takes part in the order of tabs: the one that had the focus last.
function rove(seat) {
  for (const other of seats()) other.tabIndex = other === seat ? 0 : -1;
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target, key } = event;
  if (key === "Escape" && held) {
    event.preventDefault();
    return cancel();
  }
  const seat = target.closest("[data-seat]");
  const student = target.closest(".seat-student");
  if (!seat && !student) return;
  if (key === " " || key === "Enter") {
    event.preventDefault();
    if (held && seat) drop(seat);
    else lift(seat ?? student);
  } else if (seat && key.startsWith("Arrow")) {
    event.preventDefault();
    step(seat, key);
  } else if (seat && (key === "Home" || key === "End")) {
    event.preventDefault();
    go(seats().at(key === "Home" ? 0 : -1));
  }
}

// The next seat in a direction: aisles and blocked places are passed over.
function step(seat, key) {
  const way = document.documentElement.dir === "rtl" ? -1 : 1;
  const [dx, dy] = { ArrowRight: [way, 0], ArrowLeft: [-way, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  const [x, y] = [Number(seat.dataset.x), Number(seat.dataset.y)];
  const ahead = seats().filter((one) => (dx ? Number(one.dataset.y) === y && (one.dataset.x - x) * dx > 0 : (one.dataset.y - y) * dy > 0));
  const far = (one) => (dx ? Math.abs(one.dataset.x - x) : Math.abs(one.dataset.y - y) * 1000 + Math.abs(one.dataset.x - x));
  go(ahead.sort((a, b) => far(a) - far(b))[0]);
}

function go(seat) {
  if (!seat) return;
  for (const other of seats()) other.classList.toggle("over", held !== null && other === seat && isFree(seat));
  seat.focus();
  if (held) tell(isFree(seat) ? "free" : "taken", { seat: seat.dataset.seat });
}

function lift(item) {
  if (!mayMove()) return tell("fixed");
  if (!item.dataset.student) return tell("free", { seat: item.dataset.seat });
  held = { student: item.dataset.student, name: item.dataset.name, from: item };
  item.classList.add("lifted");
  item.setAttribute("aria-pressed", "true");
  const text = { name: held.name, seat: item.dataset.seat };
  if (!item.dataset.seat) (seats().find(isFree) ?? seats()[0])?.focus();
  return tell(item.dataset.seat ? "lifted" : "waiting", text);
}

function letGo() {
  const was = held;
  held = null;
  was.from.classList.remove("lifted");
  was.from.removeAttribute("aria-pressed");
  for (const seat of seats()) seat.classList.remove("over");
  return was;
}

function cancel() {
  const was = letGo();
  was.from.focus();
  tell("back", { name: was.name });
}

function drop(seat) {
  if (seat === held.from) return cancel();
  if (!isFree(seat)) return tell("taken", { seat: seat.dataset.seat });
  return put(letGo().student, seat.dataset.seat);
}

async function put(student, seat, url = root.dataset.seatmap) {
  busy = true;
  root.setAttribute("aria-busy", "true");
  const { ok, data } = await json(url, { body: { student_id: student, seat_number: seat } });
  root.removeAttribute("aria-busy");
  busy = false;
  if (!ok) {
    toast(data.message ?? words.back, "danger");
    announce(data.message ?? "");
    return look(seat);
  }
  $$(`.seat-student[data-student="${student}"]`, root).forEach((one) => one.closest("li").remove());
  await look(seat);
  announce(data.message);
  return toast(data.message, "success", data.undo && {
    label: data.undo.label,
    run: () => put(data.undo.data.student_id, data.undo.data.seat_number, data.undo.url),
  });
}

// The map as it is now; the focus goes to `seat`, or stays where it was.
async function look(seat = null) {
  try {
    const response = await fetch(root.dataset.live, { credentials: "same-origin", headers: { "X-Fragment": "1", Accept: "text/html" } });
    if (!response.ok || response.redirected) return;
    const found = new DOMParser().parseFromString(await response.text(), "text/html");
    const [now, old] = [$("[data-map]", found), $("[data-map]", root)];
    if (!now || held || dragged || (now.dataset.version === old.dataset.version && !seat)) return;
    if (!seat && old.contains(document.activeElement) && !document.activeElement.dataset.seat) return; // somebody reads the list
    const at = seat ?? (old.contains(document.activeElement) ? document.activeElement.dataset.seat : null);
    const one = $('[data-seat][tabindex="0"]', old)?.dataset.seat;
    old.replaceWith(document.adoptNode(now));
    rove(seats().find((each) => each.dataset.seat === (at ?? one)) ?? seats()[0]);
    if (at) seats().find((each) => each.dataset.seat === at)?.focus();
  } catch { /* the next look finds it */ }
}
