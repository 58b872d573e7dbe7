export { createReleaseClients, type ReleaseClients, readReleases } from './read-releases';
export { shiftTraffic } from './shift-traffic';
