import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import { defineAsyncComponent } from "vue";
import DemoLink from "./demo-link.vue";
import EngineSupport from "./engine-support.vue";
import EngineVersion from "./engine-version.vue";
import HomeNumbers from "./home-numbers.vue";
import HomePage from "./home-page.vue";
import LessonExercise from "./lesson-exercise.vue";
import LessonFigure from "./lesson-figure.vue";
import LessonLetters from "./lesson-letters.vue";
import LiveCode from "./live-code.vue";
import OpenInDemo from "./open-in-demo.vue";
import QuickstartPicture from "./quickstart-picture.vue";
import SchedulerDifferences from "./scheduler-differences.vue";
import SiteLayout from "./site-layout.vue";
import SolverTable from "./solver-table.vue";
import SolverVersions from "./solver-versions.vue";

// These styles come after the theme's styles and override them.
import "katex/dist/katex.min.css";
import "@gen/figures/palette.css";
import "@gen/figures/river.css";
import "./fonts.css";
import "./style.css";
import "./shell.css";
import "./home.css";
import "./lesson.css";
import "./reference.css";
import "./print.css";

// Their data is large and is of one page each.
const BenchResults = defineAsyncComponent(() => import("./bench-results.vue"));
const FormulaIndex = defineAsyncComponent(() => import("./formula-index.vue"));
const LessonList = defineAsyncComponent(() => import("./lesson-list.vue"));

const theme: Theme = {
  extends: DefaultTheme,
  Layout: SiteLayout,
  enhanceApp({ app }) {
    // VitePress shows this component on pages with `layout: home`.
    app.component("home", HomePage);
    app.component("DemoLink", DemoLink);
    app.component("HomeNumbers", HomeNumbers);
    app.component("BenchResults", BenchResults);
    app.component("EngineSupport", EngineSupport);
    app.component("EngineVersion", EngineVersion);
    app.component("FormulaIndex", FormulaIndex);
    app.component("LessonExercise", LessonExercise);
    app.component("LessonFigure", LessonFigure);
    app.component("LessonLetters", LessonLetters);
    app.component("LessonList", LessonList);
    app.component("LiveCode", LiveCode);
    app.component("OpenInDemo", OpenInDemo);
    app.component("QuickstartPicture", QuickstartPicture);
    app.component("SchedulerDifferences", SchedulerDifferences);
    app.component("SolverTable", SolverTable);
    app.component("SolverVersions", SolverVersions);
  },
};

export default theme;
