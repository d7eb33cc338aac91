import { Readable } from 'node:stream';
import { stream } from '../../shop.mjs';

export const dynamic = 'force-dynamic';
export const GET = () => new Response(Readable.toWeb(stream()));
