import { config } from 'zod';

// zod tries whether it may compile its checks as soon as one is declared; the page's policy forbids it and the console reports it
config({ jitless: true });
