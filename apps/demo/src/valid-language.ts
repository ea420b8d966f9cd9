// The first import of the page. If the system has no locale, some browsers report the language "C".
// "C" is not a language tag, and Intl throws on it. Some libraries pass it to Intl when they are
// imported.

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

// If the property is locked, the two Intl classes that libraries construct with it replace an
// invalid tag by the default language.
if (!isTag(navigator.language)) {
  const withValidLocale = <F extends typeof Intl.NumberFormat | typeof Intl.DateTimeFormat>(
    format: F,
  ): F =>
    new Proxy(format, {
      construct: (target, [locales, options]) =>
        Reflect.construct(target, [isTag(locales) ? locales : tags[0], options]),
    });
  Intl.NumberFormat = withValidLocale(Intl.NumberFormat);
  Intl.DateTimeFormat = withValidLocale(Intl.DateTimeFormat);
}
