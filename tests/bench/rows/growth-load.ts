import { GROWTH_GOAL, measureGrowth } from '../measure/growth.js';
import { photograph } from '../images.js';
import type { Row } from '../row.js';
import { createTasks } from './create.js';
import { gatewayOf, uploads } from './hops.js';

const CLIENTS = [1, 8, 32, 128, 500];
const MEGAPIXELS = [0.1, 1, 4, 12, 24];

export const growthClients: Row = {
  name: 'growth-clients',
  title: 'POST /api/tasks through Nginx with 1 to 500 clients',
  goals: { 'growth-clients': GROWTH_GOAL },
  uses: ['fresh'],
  async run(bench) {
    const { url } = await bench.stack('fresh');
    const ms = bench.settings.seconds * 1_000;
    const figure = await measureGrowth(bench, {
      name: 'growth-clients',
      title: 'POST /api/tasks',
      size: 'clients',
      cost: 'ms from one answer to the next',
      sizes: CLIENTS.map((clients) => ({
        size: clients,
        measure: async () => {
          const result = await bench.load.send({ ...createTasks(url, clients), ms });
          return result.ms / result.requests;
        },
      })),
    });
    return [figure];
  },
};

export const growthPixels: Row = {
  name: 'growth-pixels',
  title: 'POST /upload with bw,blur of images from 0.1 to 24 MP',
  goals: { 'growth-pixels': GROWTH_GOAL },
  uses: ['fresh'],
  async run(bench) {
    const stack = await bench.stack('fresh');
    const ms = (bench.settings.seconds * 1_000) / 2;
    const sizes = [];
    for (const megapixels of MEGAPIXELS) {
      const load = uploads(gatewayOf(stack), await photograph(megapixels));
      sizes.push({
        size: megapixels,
        measure: async () => {
          const result = await bench.load.send({ ...load, ms });
          return result.ms / result.requests / megapixels;
        },
      });
    }
    const figure = await measureGrowth(bench, {
      name: 'growth-pixels',
      title: 'POST /upload with bw,blur',
      size: 'megapixels',
      cost: 'ms a megapixel',
      sizes,
    });
    return [figure];
  },
};
