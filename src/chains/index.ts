/** The door for nodes that serve one model together. */

export { createChainListener } from './chain-listener.ts';
export {
  type AddressVerdict,
  type ChainInstance,
  ChainService,
  type ChainServiceOptions,
} from './chain-service.ts';
export { type ChainRoutes, createChainRoutes } from './routes.ts';
