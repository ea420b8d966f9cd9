import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme";
import EngineSupport from "./engine-support.vue";
import EngineVersion from "./engine-version.vue";
import QuickstartPicture from "./quickstart-picture.vue";
import SiteLayout from "./site-layout.vue";

// After the theme's own styles, which they override.
import "katex/dist/katex.min.css";
import "./style.css";

const theme: Theme = {
  extends: DefaultTheme,
  Layout: SiteLayout,
  enhanceApp({ app }) {
    app.component("EngineSupport", EngineSupport);
    app.component("EngineVersion", EngineVersion);
    app.component("QuickstartPicture", QuickstartPicture);
  },
};

export default theme;
