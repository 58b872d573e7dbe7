import { packagesOf, restrictSbom } from '../../lib/packaging/bundled-packages';

const LOCK = {
  packages: {
    '': {},
    'node_modules/zod': { version: '4.0.0' },
    'node_modules/@aws/client': { version: '3.0.0' },
    'node_modules/@aws/client/node_modules/zod': { version: '3.9.0' },
  },
};

describe('packages of a bundle', () => {
  test('come from the folders of its inputs, nested and scoped ones too, each once', () => {
    const packages = packagesOf(
      [
        'lib/core/errors.ts',
        'node_modules/zod/v4/index.js',
        'node_modules/zod/v4/core/core.js',
        'node_modules/@aws/client/dist-es/index.js',
        'node_modules/@aws/client/node_modules/zod/index.js',
      ],
      LOCK,
    );

    expect(packages).toEqual(['@aws/client@3.0.0', 'zod@3.9.0', 'zod@4.0.0']);
  });

  test('must be in the lockfile', () => {
    expect(() => packagesOf(['node_modules/stray/index.js'], LOCK)).toThrow(
      'expected node_modules/stray in package-lock.json',
    );
  });
});

describe('a restricted SBOM', () => {
  const document = {
    bomFormat: 'CycloneDX',
    metadata: { timestamp: 'now', component: { 'bom-ref': 'sulcus@1', type: 'library', name: 'folder' } },
    components: [{ 'bom-ref': 'a@1', licenses: ['MIT'] }, { 'bom-ref': 'b@1' }, { 'bom-ref': 'c@1' }],
    dependencies: [
      { ref: 'sulcus@1', dependsOn: ['a@1', 'c@1'] },
      { ref: 'a@1', dependsOn: ['b@1', 'c@1'] },
      { ref: 'c@1', dependsOn: [] },
    ],
  };

  test('keeps what npm says of the packages, and names what consists of them', () => {
    const sbom = restrictSbom(document, 'classify-api', ['a@1', 'b@1']);

    expect(sbom).toEqual({
      bomFormat: 'CycloneDX',
      metadata: { timestamp: 'now', component: { 'bom-ref': 'sulcus@1', type: 'application', name: 'classify-api' } },
      components: [{ 'bom-ref': 'a@1', licenses: ['MIT'] }, { 'bom-ref': 'b@1' }],
      dependencies: [
        { ref: 'sulcus@1', dependsOn: ['a@1', 'b@1'] },
        { ref: 'a@1', dependsOn: ['b@1'] },
      ],
    });
  });

  test('is refused with a hole', () => {
    expect(() => restrictSbom(document, 'classify-api', ['a@1', 'x@1'])).toThrow('expected npm to list x@1');
  });
});
