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
if ($("[data-board]")) import("./board.js").then((m) => m.startBoard());
if ($("[data-chart]")) import("./charts.js").then((m) => m.startCharts());
if ($("[data-admission]")) import("./admission.js").then((m) => m.startAdmission());
if ($("[data-register]")) import("./register.js").then((m) => m.startRegister());
if ($("[data-week]")) import("./week.js").then((m) => m.startWeek($("[data-week]")));
if ($("[data-seatmap]")) import("./seats.js").then((m) => m.startSeats());
if ($("[data-draft]")) import("./draft.js").then((m) => m.startDraft($("[data-draft]")));
if ($("[data-progress]")) import("./progress.js").then((m) => m.startProgress());
document.documentElement.dataset.ready = "";
