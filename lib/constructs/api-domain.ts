import { CfnOutput } from 'aws-cdk-lib';
import { EndpointType, type RestApi, SecurityPolicy } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Construct } from 'constructs';

export interface ApiDomainProps {
  readonly api: RestApi;
  readonly domainName: string;
  /** In the API's region. */
  readonly certificateArn: string;
}

/** The API under the user's own name, by TLS 1.2 and later. Whose DNS it is we do not know: an output says where to. */
export class ApiDomain extends Construct {
  constructor(scope: Construct, id: string, { api, domainName, certificateArn }: ApiDomainProps) {
    super(scope, id);
    const domain = api.addDomainName('Domain', {
      domainName,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
    new CfnOutput(this, 'ApiDomainTarget', {
      value: domain.domainNameAliasDomainName,
      description: `Point a CNAME of ${domainName} here.`,
    }).overrideLogicalId('ApiDomainTarget');
  }
}
