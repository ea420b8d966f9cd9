// The first import of the page. Where the system has no locale, some browsers call their language "C".
// That is no language tag, and Intl throws on it; libraries hand it over when they are imported.

const isTag = (name: string): boolean => {
  try {
    Intl.getCanonicalLocales(name);
    return true;
  } catch {
    return false;
  }
};

const tags = (navigator.languages ?? []).filter(isTag);
if (tags.length === 0) tags.push("en");
const language = isTag(navigator.language) ? navigator.language : tags[0];

for (const [name, value] of Object.entries({ language, languages: Object.freeze(tags) })) {
  Reflect.defineProperty(navigator, name, { value, configurable: true });
}

// Where the property is locked, the two that libraries ask by it take the page's default language.
if (!isTag(navigator.language)) {
  const withKnownLanguage = <F extends typeof Intl.NumberFormat | typeof Intl.DateTimeFormat>(
    format: F,
  ): F =>
    new Proxy(format, {
      construct: (target, [locales, options]) =>
        Reflect.construct(target, [isTag(locales) ? locales : tags[0], options]),
    });
  Intl.NumberFormat = withKnownLanguage(Intl.NumberFormat);
  Intl.DateTimeFormat = withKnownLanguage(Intl.DateTimeFormat);
}
