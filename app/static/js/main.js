// Entry point: starts every part that the page at hand needs. No build step; each module looks for its own marks in the markup.
import { startShell } from "./shell.js";
import { startSuggest } from "./suggest.js";
import { startDialogs } from "./dialogs.js";
import { startForms } from "./forms.js";
import { startLists } from "./lists.js";
import { startFilters } from "./filters.js";
import { startKeys } from "./keys.js";
import { $ } from "./dom.js";

startShell();
startSuggest();
startForms(document);
startDialogs();
startLists();
startFilters();
startKeys();

// Parts of some pages only. The page says that it is ready when all of its parts listen.
const parts = [
  ["[data-board]", () => import("./board.js").then((m) => m.startBoard())],
  ["[data-chart]", () => import("./charts.js").then((m) => m.startCharts())],
  ["[data-admission]", () => import("./admission.js").then((m) => m.startAdmission())],
  ["[data-register]", () => import("./register.js").then((m) => m.startRegister())],
  ["[data-week]", () => import("./week.js").then((m) => m.startWeek($("[data-week]")))],
  ["[data-seatmap]", () => import("./seats.js").then((m) => m.startSeats())],
  ["[data-draft]", () => import("./draft.js").then((m) => m.startDraft($("[data-draft]")))],
  ["[data-progress]", () => import("./progress.js").then((m) => m.startProgress())],
];
await Promise.all(parts.filter(([mark]) => $(mark)).map(([, start]) => start()));
document.documentElement.dataset.ready = "";
