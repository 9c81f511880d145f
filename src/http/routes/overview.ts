import { renderOverview } from '../render-live.js';
import { identified } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';

export const overviewRoutes = ({ broker }: RoutePorts): Routes<'overview'> => ({
  overview: async (req, res) => {
    const principal = await identified(broker, req, res);
    send(res, 200, renderOverview(await broker.overview(principal)));
  },
});
