import { computed, ref } from "vue";
import { type Page, pages } from "./pages/index.ts";

const hash = ref(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

/** The page that the address names as `#/ID`. The first page if the address names none. */
export const currentPage = computed<Page>(
  () => pages.find(({ id }) => hash.value === `#/${id}`) ?? pages[0],
);
