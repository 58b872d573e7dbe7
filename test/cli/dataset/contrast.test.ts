import { chooseContrast } from '../../../lib/cli/dataset/contrast';

const four = ['Mild_Demented', 'Moderate_Demented', 'Non_Demented', 'Very_Mild_Demented'];

test('any dementia against none where the model has the four labels, else no contrast', () => {
  expect(chooseContrast(four, {})).toEqual({
    positive: ['Mild_Demented', 'Moderate_Demented', 'Very_Mild_Demented'],
    negative: ['Non_Demented'],
  });
  expect(chooseContrast(['a', 'b', 'c', 'd'], {})).toBeNull();
});

test('of the side that is not given all other labels', () => {
  expect(chooseContrast(['a', 'b', 'c'], { positive: ['b'] })).toEqual({ positive: ['b'], negative: ['a', 'c'] });
  expect(chooseContrast(['a', 'b', 'c'], { negative: ['b'] })).toEqual({ positive: ['a', 'c'], negative: ['b'] });
  expect(chooseContrast(['a', 'b', 'c'], { positive: ['a'], negative: ['b'] })).toEqual({
    positive: ['a'],
    negative: ['b'],
  });
});

test.each([
  [{ positive: ['x'] }, 'expected one of a, b to contrast, received x'],
  [{ positive: ['a'], negative: ['a'] }, 'received a in both'],
  [{ positive: ['a', 'b'] }, 'expected two sets of labels to contrast, received none in both'],
])('%j is refused', (options, message) => {
  expect(() => chooseContrast(['a', 'b'], options)).toThrow(message);
});
