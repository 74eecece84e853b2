export type { Classifier, FittedClassifier } from './classifier';
export { fitDiscriminant, type DiscriminantOptions } from './discriminant';
export { fourierFeatures, type FourierOptions } from './fourier';
export { type ForestOptions, randomForest } from './forest';
export { linearLogProbabilities, type LinearModel } from './linear';
export { fitLogistic, logisticRegression, type LogisticOptions } from './logistic';
export { supportVectorMachine, varianceOf, type SvmOptions } from './svm';
