import { readConfig } from '../../lib/adapters/config/config';
import {
  type ApiHandler,
  basePathByGateway,
  createGatewayHandler,
  createPublicApi,
  identifyByGateway,
  type PublicApiDeps,
} from '../../lib/adapters/http';
import { createLogger } from '../../lib/adapters/logging/powertools-logger';
import { openOnce } from '../../lib/core/open-once';

export type DescribeDeps = Omit<PublicApiDeps, 'identify' | 'basePath'>;

/** REST proxy events without a key -> health and the OpenAPI document; model and stores stay asleep. */
export const createHandler = (deps: DescribeDeps): ApiHandler =>
  createGatewayHandler(createPublicApi({ ...deps, identify: identifyByGateway, basePath: basePathByGateway }));

const wire = openOnce(async () => createHandler({ ...readConfig(['corsOrigins']), logger: createLogger('describe') }));

export const handler: ApiHandler = async (event) => (await wire())(event);
