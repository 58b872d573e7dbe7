import {
  type AnnouncedScan,
  type FeaturesResult,
  type ModelList,
  NOTICE,
  RESULT_SCHEMA_VERSION,
  type ScanResult,
  type UsageReport,
} from '../../core/contract';
import type { WebhookPayload } from '../../core/event-contract';
import type { ModelFacts } from '../../core/model-facts';

/** Examples for the OpenAPI document; a test parses each with its schema. */

const DIGEST = `sha256:${'3f'.repeat(32)}`;

export const scanResultExample: ScanResult = {
  schemaVersion: RESULT_SCHEMA_VERSION,
  scanId: '4f0c2b9de1a94b0c8f2f6f0a5d3e7c11',
  state: 'classified',
  label: 'non-demented',
  score: 0.8807970779778823,
  scores: [
    { label: 'non-demented', score: 0.8807970779778823, logit: 1.5 },
    { label: 'very-mild', score: 0.11920292202211755, logit: -0.5 },
  ],
  truncated: false,
  abstained: false,
  abstainReason: null,
  model: { name: 'brain-mri', version: '1.0.0', digest: DIGEST },
  source: { kind: 'api', bucket: null, key: null, versionId: null },
  timings: { decodeMs: 2.1, preprocessMs: 1.4, inferenceMs: 38.2, totalMs: 41.9 },
  error: null,
  apiKeyId: '9f86d081884c',
  createdAt: '2026-01-31T12:00:00.000Z',
  notice: NOTICE,
};

export const featuresResultExample: FeaturesResult = {
  schemaVersion: RESULT_SCHEMA_VERSION,
  features: [1.5, -0.25],
  featuresBase64: 'AADAPwAAgL4=',
  pooled: null,
  pooledBase64: null,
  attention: { heads: 1, grid: { height: 1, width: 2 }, weights: [[0.5, 0.375, 0.125]] },
  model: { name: 'brain-mri', version: '1.0.0', digest: DIGEST },
  timings: { decodeMs: 2.1, preprocessMs: 1.4, inferenceMs: 38.2, totalMs: 41.9 },
  notice: NOTICE,
};

export const announcedScanExample: AnnouncedScan = {
  scanId: scanResultExample.scanId,
  uploadUrl: `https://bucket.s3.eu-central-1.amazonaws.com/uploads/${scanResultExample.scanId}?X-Amz-Signature=…`,
  method: 'PUT',
  headers: { 'content-type': 'image/png' },
  expiresAt: '2026-01-31T12:15:00.000Z',
};

export const modelFactsExample: ModelFacts = {
  name: 'brain-mri',
  digest: DIGEST,
  schemaVersion: 1,
  version: '1.0.0',
  labels: ['non-demented', 'very-mild'],
  activation: 'softmax',
  imageSize: { height: 224, width: 224 },
  architecture: { modelType: 'vit', hiddenSize: 384, layers: 12, heads: 6, patchSize: 16, parameters: 21_666_820 },
  graph: {
    file: 'onnx/model_quantized.onnx',
    opset: 17,
    input: { name: 'pixels', type: 'uint8', layout: 'NHWC' },
    outputs: { logits: 'logits', features: 'features', pooled: null, attention: 'attention' },
    skipBackground: null,
    mergeTokens: null,
  },
  quantization: {
    scheme: 'int8',
    weights: 'int8, symmetric, per channel',
    activations: 'uint8, dynamic',
    smoothingAlpha: null,
    largestPair: null,
    fp32Parts: ['classifier'],
  },
  parity: {
    reference: 'fp32 graph',
    images: 64,
    imageKind: 'generated',
    maxLogitDifference: 0.05,
    meanLogitDifference: 0.01,
    top1Agreement: 1,
    clsCosine: 0.999,
    meanClsCosine: 0.9995,
    bound: 0.1,
    meanBound: 0.025,
    exceeded: false,
  },
  calibration: {
    temperature: 2.5,
    bias: null,
    threshold: { score: 0.5, margin: 0, rule: 'score at least 0.5' },
    fit: {
      source: 'scans of 40 people the network was not trained on',
      scans: 1200,
      subjects: 40,
      perLabel: { 'non-demented': 700, 'very-mild': 500 },
      folds: 10,
      accuracy: 0.7,
      lossBefore: 1.2,
      loss: 0.7,
      lossWithBias: 0.72,
      eceBefore: 0.25,
      ece: 0.04,
      eceInterval: [0.03, 0.1],
      coverage: 0.9,
      coveredAccuracy: 0.73,
    },
    gate: { scans: 4000, featureLimit: 1.6, pixelLimit: 1.4, falseRejects: 0.004 },
  },
  card: {
    license: { name: 'apache-2.0', license: 'Apache License 2.0' },
    base: { name: 'google/vit-base-patch16-224-in21k', license: 'Apache-2.0' },
    data: { name: 'slices of a study', license: 'research', scans: 4896, people: 170 },
    intendedUse: 'Research use only.',
    limits: ['Other scanners are untested.'],
    evaluations: [
      {
        run: 'folds',
        title: 'Five folds',
        role: 'out-of-fold',
        protocol: 'subject-disjoint',
        trainedOn: 'for every fold the people of the other folds',
        evaluatedOn: 'everyone, pooled over the folds',
        method: 'transformers Trainer',
        reportedBy: null,
        n: 4896,
        people: 170,
        perClass: [{ label: 'non-demented', n: 2450, people: 85, precision: 0.7, recall: 0.8, f1: 0.75 }],
        figures: { accuracy: { value: 0.625, low: 0.431, high: 0.804 } },
        interval: '95 %, percentile bootstrap over people, 1000 resamples',
        coverage: [{ coverage: 0.5, accuracy: 0.68 }],
      },
    ],
  },
  head: null,
  source: { checkpoint: 'brain-mri', dtype: 'fp32', weightsSha256: '5e'.repeat(32), compiler: 'sulcus 0.1.0' },
  files: [{ path: 'config.json', sizeBytes: 812, sha256: '7a'.repeat(32) }],
  notice: NOTICE,
};

export const modelListExample: ModelList = {
  items: [
    { name: 'brain-mri', version: '1.0.0', digest: DIGEST, path: 'brain-mri@1.0.0', main: true, labels: 2 },
    {
      name: 'brain-mri',
      version: '1.1.0',
      digest: `sha256:${'4a'.repeat(32)}`,
      path: 'brain-mri@1.1.0',
      main: false,
      labels: 2,
    },
  ],
};

const exampleUsage = {
  scans: 1_204,
  rejected: 3,
  bytes: 61_404_000,
  computeMs: 54_180.25,
  estimatedCostUsd: 0.015_372_119,
};

export const usageReportExample: UsageReport = {
  apiKeyId: '9f86d081884c',
  from: '2026-01-01',
  to: '2026-01-31',
  days: [{ day: '2026-01-31', ...exampleUsage }],
  totals: exampleUsage,
  rate: '20/second',
  quota: { limit: 10_000, used: 1_206, resetsAt: '2026-02-01T00:00:00.000Z' },
  prices: { date: '2026-11-25', region: 'us-east-1' },
};

const { source: exampleSource, ...exampleResult } = scanResultExample;

export const webhookExample: WebhookPayload = {
  type: 'scan.classified',
  timestamp: exampleResult.createdAt,
  data: {
    ...exampleResult,
    eventId: 'c0ffee0b2b9d4e1a94b0c8f2f6f0a5d3',
    state: 'classified',
    source: { kind: exampleSource.kind, bucket: exampleSource.bucket },
  },
};
