import "./valid-language.ts";
import "@gen/figures/palette.css";
import "./styles/fonts.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/pieces.css";
import "./styles/room.css";
import { createApp } from "vue";
import App from "./app.vue";
import { languageReady } from "./language.ts";
import { keepOffline } from "./service-worker/register.ts";

void languageReady().then(() => createApp(App).mount("#app"));
// After the first picture: the files that are kept do not delay it.
addEventListener("load", () => setTimeout(keepOffline, 2000));
