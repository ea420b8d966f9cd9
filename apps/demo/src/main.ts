import "./valid-language.ts";
import "@gen/figures/palette.css";
import "./styles/fonts.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/pieces.css";
import "./styles/room.css";
import { createApp } from "vue";
import App from "./app.vue";

createApp(App).mount("#app");
