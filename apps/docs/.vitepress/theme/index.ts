import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme";
import QuickstartPicture from "./quickstart-picture.vue";
import SiteLayout from "./site-layout.vue";

// After the theme's own styles, which they override.
import "katex/dist/katex.min.css";
import "./style.css";

const theme: Theme = {
  extends: DefaultTheme,
  Layout: SiteLayout,
  enhanceApp({ app }) {
    app.component("QuickstartPicture", QuickstartPicture);
  },
};

export default theme;
