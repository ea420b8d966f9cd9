// @ts-check
// Each package's `prepack`: npm would pack the workspace's own manifest, whose exports are sources
// and whose dependencies are `workspace:^`. pnpm writes what is published.
if (process.env.npm_config_user_agent?.startsWith("npm/")) {
  console.error(
    "npm cannot pack a package of this workspace: npm run release -- --dry-run makes the tarballs, or run pnpm pack",
  );
  process.exitCode = 1;
}
