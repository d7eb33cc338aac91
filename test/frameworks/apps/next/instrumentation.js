// https://nextjs.org/docs/app/guides/self-hosting#manual-graceful-shutdowns
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return;
  const { cleanUp } = await import('./shop.mjs');
  process.on('SIGTERM', () => void cleanUp().then(() => process.exit(0)));
}
