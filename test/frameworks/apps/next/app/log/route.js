import { log } from '../../shop.mjs';

export const dynamic = 'force-dynamic';
export const GET = () => new Response(log());
