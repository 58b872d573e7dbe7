// A container of a function: loads the bundle that is deployed and hands it events, one at a time.
const { handler } = require(process.argv[2]);

process.on('message', (event) => {
  handler(event, { getRemainingTimeInMillis: () => 90_000 }).then(
    (response) => process.send({ response }),
    (error) => process.send({ error: error.message }),
  );
});
