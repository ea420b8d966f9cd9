import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme";
import EngineSupport from "./engine-support.vue";
import EngineVersion from "./engine-version.vue";
import QuickstartPicture from "./quickstart-picture.vue";
import SchedulerDifferences from "./scheduler-differences.vue";
import SiteLayout from "./site-layout.vue";
import SolverTable from "./solver-table.vue";
import SolverVersions from "./solver-versions.vue";

// These styles come after the theme's styles and override them.
import "katex/dist/katex.min.css";
import "./style.css";

const theme: Theme = {
  extends: DefaultTheme,
  Layout: SiteLayout,
  enhanceApp({ app }) {
    app.component("EngineSupport", EngineSupport);
    app.component("EngineVersion", EngineVersion);
    app.component("QuickstartPicture", QuickstartPicture);
    app.component("SchedulerDifferences", SchedulerDifferences);
    app.component("SolverTable", SolverTable);
    app.component("SolverVersions", SolverVersions);
  },
};

export default theme;
