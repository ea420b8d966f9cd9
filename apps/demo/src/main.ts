import "./valid-language.ts";
import { createApp } from "vue";
import App from "./app.vue";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/pieces.css";

createApp(App).mount("#app");
